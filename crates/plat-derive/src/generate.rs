//! The Rust that the derives write.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Lit, Result};

use crate::attribute::{Attribute, Mode};
use crate::container::{self, Container};
use crate::shape;

pub fn resource(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = container::attributes(input)?;
    let container = Container::parse(input, &attributes)?;
    let ident = &input.ident;
    let name = &container.name;
    let doc = container::doc_lines(&input.attrs);
    if doc.is_empty() {
        return Err(Error::new(ident.span(), "a resource type needs a doc comment: it is what hover and the reference show"));
    }
    let (import, id, arn) = (names(&container.import), name_of(container.id.as_ref()), name_of(container.arn.as_ref()));
    let kind = if container.lookup { quote!(LookupOnly) } else { quote!(Managed) };
    // A lookup creates nothing, so which class it has is never asked.
    let recovery = container.recovery.as_ref().map_or_else(|| quote!(Compare), |r| quote!(#r));
    let stateful = container.stateful;
    let remains = option(container.remains.as_ref());
    let range = match &container.range {
        None => quote!(None),
        Some((attribute, within)) => {
            let attribute = attribute.to_string();
            let within = within.as_ref().map_or(quote!(None), |w| {
                let w = w.to_string();
                quote!(Some(#w))
            });
            quote!(Some(::plat::schema::RangeRule { attribute: #attribute, within: #within }))
        }
    };
    let claims = container.claims.as_ref().map_or_else(|| quote!(::std::vec::Vec::new()), |path| quote!(#path()));
    let [create, update, delete] = container.takes.map(|seconds| seconds.unwrap_or(2));
    let rules = container.rules.as_ref().map_or_else(|| quote!(&[]), |path| quote!(#path));
    let [create_limit, update_limit, delete_limit] = container.timeouts.map(|seconds| match seconds {
        Some(seconds) => quote!(::plat::value::Duration::seconds(#seconds)),
        None => quote!(::plat::schema::Timeouts::USUAL),
    });
    let described = attributes.iter().map(describe).collect::<Result<Vec<_>>>()?;
    let decode = attributes.iter().map(decode).collect::<Result<Vec<_>>>()?;
    let encode = attributes.iter().map(encode);
    Ok(quote! {
        #[automatically_derived]
        impl ::plat::schema::Named for #ident {
            const NAME: &'static str = #name;
        }

        #[automatically_derived]
        impl ::plat::schema::Resource for #ident {
            fn schema() -> ::plat::schema::ResourceSchema {
                ::plat::schema::ResourceSchema {
                    name: #name,
                    doc: #doc,
                    kind: ::plat::schema::Kind::#kind,
                    attributes: ::std::vec![#(#described),*],
                    import: &[#(#import),*],
                    arn: #arn,
                    id: #id,
                    recovery: ::plat::schema::Recovery::#recovery,
                    stateful: #stateful,
                    remains: #remains,
                    range: #range,
                    claims: #claims,
                    takes: ::plat::schema::Takes {
                        create: ::plat::value::Duration::seconds(#create),
                        update: ::plat::value::Duration::seconds(#update),
                        delete: ::plat::value::Duration::seconds(#delete),
                    },
                    rules: #rules,
                    constraints: ::std::default::Default::default(),
                    timeouts: ::plat::schema::Timeouts { create: #create_limit, update: #update_limit, delete: #delete_limit },
                }
            }

            fn from_object(object: &::plat::value::Object) -> ::std::result::Result<Self, ::plat::schema::CodecError> {
                ::std::result::Result::Ok(Self { #(#decode),* })
            }

            fn to_object(&self) -> ::plat::value::Object {
                let mut object = ::plat::value::Object::default();
                #(#encode)*
                object
            }
        }
    })
}

pub fn record(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = container::attributes(input)?;
    let ident = &input.ident;
    let name = ident.to_string();
    let fields = attributes.iter().map(|attribute| {
        let (name, doc, ty) = (attribute.name(), &attribute.doc, ty(attribute));
        let optional = attribute.mode != Mode::Required;
        quote! {
            ::plat::types::Field { name: #name.into(), ty: #ty, optional: #optional, doc: #doc.into() }
        }
    });
    let decode = attributes.iter().map(decode).collect::<Result<Vec<_>>>()?;
    let encode = attributes.iter().map(encode);
    Ok(quote! {
        #[automatically_derived]
        impl ::plat::schema::Field for #ident {
            fn ty() -> ::plat::types::Type {
                ::plat::types::Type::Record(::std::sync::Arc::new(::plat::types::Record::new(
                    ::std::option::Option::Some(#name.into()),
                    ::std::vec![#(#fields),*],
                )))
            }

            fn decode(value: &::plat::value::Value) -> ::std::result::Result<Self, ::plat::schema::CodecError> {
                let ::plat::value::Value::Object(object) = value else {
                    return ::std::result::Result::Err(::plat::schema::CodecError::wrong(&<Self as ::plat::schema::Field>::ty(), value));
                };
                ::std::result::Result::Ok(Self { #(#decode),* })
            }

            fn encode(&self) -> ::plat::value::Value {
                let mut object = ::plat::value::Object::default();
                #(#encode)*
                ::plat::value::Value::Object(::std::sync::Arc::new(object))
            }
        }
    })
}

/// `::plat::schema::Attribute { … }`
fn describe(attribute: &Attribute) -> Result<TokenStream> {
    let (name, doc, ty) = (attribute.name(), &attribute.doc, ty(attribute));
    let mode = match attribute.mode {
        Mode::Required => quote!(Required),
        Mode::Chosen => quote!(Chosen),
        Mode::Computed => quote!(Computed),
        Mode::Optional => {
            let default = default_value(attribute)?;
            quote!(Optional { default: #default })
        }
    };
    let (replaces, write_only, holds, unordered) = (attribute.replaces, attribute.write_only, attribute.holds, attribute.unordered);
    let owned = attribute.owned;
    let canonical = option(attribute.canonical.as_ref());
    let (deferred, filled_by) = (attribute.deferred, option(attribute.filled_by.as_ref()));
    let follows = option(attribute.follows.as_ref().map(|unless| quote!(&[#(#unless),*])));
    let (ignore_case, sample) = (attribute.ignore_case, &attribute.sample);
    let stands_for = attribute.stands_for.iter().map(|(symbol, of)| quote!((#symbol, #of)));
    let (cfn, interrupts) = (option(attribute.cfn.as_ref()), option(attribute.interrupts.as_ref()));
    let unit = option(attribute.unit.as_ref().map(|u| quote!(::plat::schema::Unit::#u)));
    let range = option(attribute.range.map(|(least, most)| quote!((#least, #most))));
    let among = &attribute.among;
    Ok(quote! {
        ::plat::schema::Attribute {
            name: #name,
            cfn: #cfn,
            doc: #doc,
            ty: #ty,
            mode: ::plat::schema::Mode::#mode,
            replaces: #replaces,
            write_only: #write_only,
            holds: #holds,
            owned: #owned,
            external_keys: &[],
            deferred: #deferred,
            follows: #follows,
            unordered: #unordered,
            ignore_case: #ignore_case,
            stands_for: &[#(#stands_for),*],
            canonical: #canonical,
            unit: #unit,
            range: #range,
            among: &[#(#among),*],
            interrupts: #interrupts,
            sample: &[#(#sample),*],
            filled_by: #filled_by,
        }
    })
}

/// `name: …` of the struct literal that decoding builds; `object` is in scope.
fn decode(attribute: &Attribute) -> Result<TokenStream> {
    let (ident, ty, name) = (&attribute.ident, &attribute.ty, attribute.name());
    let missing = match attribute.mode {
        Mode::Optional if attribute.default.is_some() => {
            let default = default_value(attribute)?;
            quote!(<#ty as ::plat::schema::Field>::decode(&#default).map_err(|e| e.within(#name))?)
        }
        Mode::Required | Mode::Optional => quote! {
            match <#ty as ::plat::schema::Field>::missing() {
                ::std::option::Option::Some(empty) => empty,
                ::std::option::Option::None => return ::std::result::Result::Err(::plat::schema::CodecError::missing(#name)),
            }
        },
        Mode::Chosen | Mode::Computed => quote!(::std::default::Default::default()),
    };
    Ok(quote! {
        #ident: match object.get(#name) {
            ::std::option::Option::None | ::std::option::Option::Some(::plat::value::Value::Null) => #missing,
            ::std::option::Option::Some(value) => <#ty as ::plat::schema::Field>::decode(value).map_err(|e| e.within(#name))?,
        }
    })
}

/// Puts the attribute into `object`, unless it is empty.
fn encode(attribute: &Attribute) -> TokenStream {
    let (ident, ty, name) = (&attribute.ident, &attribute.ty, attribute.name());
    let present = if attribute.mode == Mode::Computed {
        quote!(!value.is_null() && value.as_str() != ::std::option::Option::Some(""))
    } else {
        quote!(!value.is_null())
    };
    quote! {
        let value = <#ty as ::plat::schema::Field>::encode(&self.#ident);
        if #present {
            object.insert(#name.into(), value);
        }
    }
}

/// The type in the language. A chosen attribute always has a value once it is read, so its `Option` is not part of the type
/// unless it says `nullable`; a computed one says `always` for the same.
fn ty(attribute: &Attribute) -> TokenStream {
    let containers = attribute.shape.containers();
    let chosen = attribute.mode == Mode::Chosen && !attribute.nullable;
    let stripped = attribute.shape.is_option() && (chosen || attribute.always);
    if attribute.one_of.is_empty() {
        let rust = &attribute.ty;
        return if stripped {
            quote!(<#rust as ::plat::schema::Field>::ty().required().clone())
        } else {
            quote!(<#rust as ::plat::schema::Field>::ty())
        };
    }
    let texts = &attribute.one_of;
    let union = quote!(::plat::types::Type::union([#(#texts),*]));
    let wrap = |inner: TokenStream, container: &shape::Container| match container {
        shape::Container::Option => quote!(::plat::types::Type::optional(#inner)),
        shape::Container::List => quote!(::plat::types::Type::list(#inner)),
        shape::Container::Map => quote!(::plat::types::Type::map(#inner)),
    };
    containers.iter().skip(usize::from(stripped)).rev().fold(union, wrap)
}

/// A `plat::value::Value` for the default of an optional attribute.
fn default_value(attribute: &Attribute) -> Result<TokenStream> {
    let ty = &attribute.ty;
    let Some(default) = &attribute.default else {
        return Ok(quote! {
            <#ty as ::plat::schema::Field>::missing().map_or(::plat::value::Value::Null, |empty| ::plat::schema::Field::encode(&empty))
        });
    };
    let unit = attribute.unit.as_ref();
    Ok(match (default, attribute.shape.innermost(), unit) {
        (Lit::Bool(value), "bool", _) => quote!(::plat::value::Value::Bool(#value)),
        (Lit::Int(value), "i64", _) => quote!(::plat::value::Value::Int(#value)),
        (Lit::Float(value), "f64", _) => quote!(::plat::value::Value::Float(#value)),
        (Lit::Int(value), "Duration", Some(unit)) => {
            quote!(::plat::value::Value::Duration(::plat::value::Duration::seconds(#value * ::plat::schema::Unit::#unit.factor())))
        }
        (Lit::Int(value), "Size", Some(unit)) => {
            quote!(::plat::value::Value::Size(::plat::value::Size(#value * ::plat::schema::Unit::#unit.factor().unsigned_abs())))
        }
        (Lit::Str(value), "Version", _) => quote!(::plat::value::Value::Version(::plat::value::Version(#value.into()))),
        (Lit::Str(value), "String" | "Id" | "Arn", _) => {
            if let Some(first) = attribute.one_of.first().filter(|_| !attribute.one_of.iter().any(|t| t.value() == value.value())) {
                return Err(Error::new(first.span(), format!("the default `{}` is not one of these", value.value())));
            }
            quote!(::plat::value::Value::str(#value))
        }
        _ => {
            return Err(Error::new(
                default.span(),
                "a default is a literal of the attribute's type: a bool, a number, a text, a count of `unit`",
            ));
        }
    })
}

fn names(idents: &[syn::Ident]) -> Vec<String> {
    idents.iter().map(ToString::to_string).collect()
}

fn name_of(ident: Option<&syn::Ident>) -> TokenStream {
    option(ident.map(ToString::to_string))
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::std::option::Option::Some(#value)),
        None => quote!(::std::option::Option::None),
    }
}
