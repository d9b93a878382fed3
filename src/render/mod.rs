//! Plans and events as text, JSON and Markdown; pure.
