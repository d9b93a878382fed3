//! Where a stack's state is kept, and what it is encrypted with.

use super::typed::{EncryptionDeclaration, ExprId, StateDeclaration};
use super::{Checker, Scope};
use crate::diagnostic::{Code, Diagnostic, closest};
use crate::source::Span;
use crate::syntax::ast::{Entry, Expr, ExprKind as Ast, Key, Name};
use crate::types::Type;

/// A setting of a store or a key: its name, type, and whether it must be there.
type Setting<'a> = (&'a str, Type, bool);

impl Checker<'_> {
    pub(super) fn state(&mut self, scope: &mut Scope, value: &Expr) -> StateDeclaration {
        let text = || Type::String;
        match &*value.node {
            Ast::Name(name) if &**name == "local" => StateDeclaration::Local,
            Ast::Tagged { tag, entries } if &*tag.node == "gcs" => {
                match self.tagged(scope, tag, entries, &[("bucket", text(), true), ("prefix", text(), false)]).as_slice() {
                    [Some(bucket), prefix] => StateDeclaration::Gcs { bucket: *bucket, prefix: *prefix },
                    _ => StateDeclaration::Local,
                }
            }
            Ast::Tagged { tag, entries } if &*tag.node == "azure" => {
                let settings = [("account", text(), true), ("container", text(), true), ("prefix", text(), false)];
                match self.tagged(scope, tag, entries, &settings).as_slice() {
                    [Some(account), Some(container), prefix] => {
                        StateDeclaration::Azure { account: *account, container: *container, prefix: *prefix }
                    }
                    _ => StateDeclaration::Local,
                }
            }
            Ast::Tagged { tag, entries } if &*tag.node == "s3" => {
                let settings = [("bucket", text(), true), ("region", text(), false), ("prefix", text(), false)];
                match self.tagged(scope, tag, entries, &settings).as_slice() {
                    [Some(bucket), region, prefix] => StateDeclaration::S3 { bucket: *bucket, region: *region, prefix: *prefix },
                    _ => StateDeclaration::Local,
                }
            }
            _ => {
                self.report(
                    Diagnostic::error(Code(201), value.span, "`state` says where the state is kept")
                        .label("not a state store")
                        .help(
                            "leave it out for files in `.plat/`, or write `s3 { bucket = \"…\" }`, `gcs { bucket = \"…\" }` or `azure { account = \"…\", container = \"…\" }`",
                        ),
                );
                StateDeclaration::Local
            }
        }
    }

    /// The key that the state is encrypted with. Where passphrases and identities come from is not for the program to say.
    pub(super) fn encryption(&mut self, scope: &mut Scope, value: &Expr) -> EncryptionDeclaration {
        match &*value.node {
            Ast::Name(name) if &**name == "none" => EncryptionDeclaration::None,
            Ast::Name(name) if &**name == "passphrase" => EncryptionDeclaration::Passphrase,
            Ast::Tagged { tag, entries } if &*tag.node == "passphrase" => {
                for span in entries.iter().map(|entry| entry.key.span()) {
                    self.report(
                        Diagnostic::error(Code(201), span, "`passphrase` has no settings")
                            .label("not known")
                            .help("write `encryption = passphrase`; the passphrase is in PLAT_STATE_PASSPHRASE when plat runs"),
                    );
                }
                EncryptionDeclaration::Passphrase
            }
            Ast::Tagged { tag, entries } if &*tag.node == "kms" => {
                match self.tagged(scope, tag, entries, &[("key", Type::String, true), ("region", Type::String, false)]).as_slice() {
                    [Some(key), region] => EncryptionDeclaration::Kms { key: *key, region: *region },
                    _ => EncryptionDeclaration::None,
                }
            }
            Ast::Tagged { tag, entries } if &*tag.node == "age" => {
                match self.tagged(scope, tag, entries, &[("recipients", Type::list(Type::String), true)]).as_slice() {
                    [Some(recipients)] => EncryptionDeclaration::Age { recipients: *recipients },
                    _ => EncryptionDeclaration::None,
                }
            }
            Ast::Name(name) if matches!(&**name, "kms" | "age") => {
                let missing = if &**name == "kms" { "key = \"alias/…\"" } else { "recipients = [\"age1…\"]" };
                self.report(
                    Diagnostic::error(Code(201), value.span, format!("`{name}` does not say which key"))
                        .label("is missing its settings")
                        .help(format!("write `{name} {{ {missing} }}`")),
                );
                EncryptionDeclaration::None
            }
            _ => {
                self.report(
                    Diagnostic::error(Code(201), value.span, "`encryption` says what the state is encrypted with")
                        .label("not a kind of key")
                        .help("it is `kms { key = \"alias/…\" }`, `age { recipients = [\"age1…\"] }`, `passphrase`, or `none`"),
                );
                EncryptionDeclaration::None
            }
        }
    }

    /// A state in a bucket that nobody has said a word about encrypting. `place`: where its store is named.
    pub(super) fn open_to_read(&mut self, place: Span) {
        self.report(
            Diagnostic::error(Code(870), place, "the stack does not say what the state in this bucket is encrypted with")
                .label("`encryption` is missing beside it")
                .help(
                    "add `encryption = kms { key = \"alias/…\" }`, `age { recipients = [\"age1…\"] }` or `passphrase`; or `none`, and whoever reads the bucket reads the state",
                ),
        );
    }

    /// The values of a store's or key's settings, in their order; what is missing and must be there is reported.
    fn tagged(&mut self, scope: &mut Scope, tag: &Name, entries: &[Entry], settings: &[Setting<'_>]) -> Vec<Option<ExprId>> {
        let mut found = vec![None; settings.len()];
        let mut strange = false;
        for entry in entries {
            let Key::Name(name) = &entry.key else { continue };
            let slot = settings.iter().zip(&mut found).find(|((known, ..), _)| *known == &*name.node);
            let Some(((_, ty, _), slot)) = slot else {
                let known: Vec<&str> = settings.iter().map(|(known, ..)| *known).collect();
                let list: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
                let all = match list.split_last() {
                    Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
                    _ => list.join(""),
                };
                let help = closest(&name.node, known).map_or(format!("it has {all}"), |close| format!("did you mean `{close}`?"));
                self.report(
                    Diagnostic::error(Code(201), name.span, format!("`{}` has no `{}`", tag.node, name.node)).label("not known").help(help),
                );
                strange = true;
                continue;
            };
            *slot = Some(self.expect(scope, &entry.value, ty, &format!("`{}`", name.node)));
        }
        for ((name, ty, needed), value) in settings.iter().zip(&found) {
            // What is not known may be what is missing, mistyped.
            if *needed && value.is_none() && !strange {
                let what = if *ty == Type::String { "\"…\"" } else { "[\"…\"]" };
                self.report(
                    Diagnostic::error(Code(202), tag.span, format!("`{}` needs `{name}`", tag.node))
                        .label("is missing here")
                        .help(format!("add `{name} = {what}`")),
                );
            }
        }
        found
    }
}
