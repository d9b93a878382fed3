//! The promises of a state, each put to the test.
