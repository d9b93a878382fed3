//! Resource types that attributes here refer to.

use plat::schema::Named;

macro_rules! refs {
    ($($name:ident = $text:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub struct $name;

            impl Named for $name {
                const NAME: &'static str = $text;
            }
        )+
    };
}

refs! {
    Subnet = "aws.ec2.Subnet",
    SecurityGroup = "aws.ec2.SecurityGroup",
}
