//! What a struct says about itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, GenericArgument, Generics, Ident,
    PathArguments, Result, Token, Type, Visibility, parenthesized, token,
};

use super::attr::{CacheAttr, FieldAttr};

/// A struct that is to be a cache model.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) generics: Generics,
    pub(crate) serde: Vec<Attribute>,
    pub(crate) cache: CacheAttr,
    pub(crate) fields: Vec<Field>,
}

/// One of its fields.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) serde: Vec<Attribute>,
    pub(crate) attr: FieldAttr,
}

impl Model {
    pub(crate) fn of(input: &DeriveInput) -> Result<Model> {
        let named = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => Some(&fields.named),
                _ => None,
            },
            _ => None,
        };
        let Some(named) = named else {
            return Err(Error::new(
                input.ident.span(),
                "a cache model is a struct with named fields: its keys are known by their names",
            ));
        };
        let fields = named.iter().filter_map(|field| {
            let ident = field.ident.clone()?;
            let mut ty = field.ty.clone();
            Spelled(&input.ident).visit_type_mut(&mut ty);
            Some(FieldAttr::of(&field.attrs).map(|attr| Field {
                ident,
                vis: field.vis.clone(),
                ty,
                serde: serde(&field.attrs),
                attr,
            }))
        });
        Ok(Model {
            fields: fields.collect::<Result<_>>()?,
            cache: CacheAttr::of(&input.attrs)?,
            serde: serde(&input.attrs),
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            generics: input.generics.clone(),
        })
    }

    /// The model's name.
    pub(crate) fn name(&self) -> String {
        match &self.cache.name {
            Some(name) => name.value(),
            None => plain(&self.ident),
        }
    }

    /// The name as it stands in keys: the one that was given, or else the struct's with its module.
    pub(crate) fn keyed(&self) -> TokenStream {
        let version = self.cache.version.map(|version| format!("@{version}"));
        let end = self.name() + &version.unwrap_or_default();
        match &self.cache.name {
            Some(_) => quote!(#end),
            None => quote!(::core::concat!(::core::module_path!(), "::", #end)),
        }
    }

    /// The fields that make the key, in its order.
    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| field.attr.key.is_some())
    }

    pub(crate) fn has_binary(&self) -> bool {
        self.fields.iter().any(|field| field.attr.binary.is_some())
    }

    pub(crate) fn has_references(&self) -> bool {
        self.fields.iter().any(Field::refers)
    }
}

impl Field {
    /// The name, without the mark of a raw identifier.
    pub(crate) fn name(&self) -> String {
        plain(&self.ident)
    }

    /// Whether there is a `Reference` in its type.
    pub(crate) fn refers(&self) -> bool {
        mentions(&self.ty, "Reference")
    }

    /// Whether serde is told this word about it.
    pub(crate) fn serde_says(&self, word: &str) -> bool {
        self.serde.iter().any(|attr| says(attr, word))
    }
}

/// Spells `Self` out: types of fields are repeated in other structs.
struct Spelled<'a>(&'a Ident);

impl VisitMut for Spelled<'_> {
    fn visit_ident_mut(&mut self, ident: &mut Ident) {
        if ident == "Self" {
            *ident = Ident::new(&self.0.to_string(), ident.span());
        }
    }
}

/// Whether a `#[serde(…)]` has this word in it.
pub(crate) fn says(attr: &Attribute, word: &str) -> bool {
    let mut said = false;
    // What serde itself does not understand, it says itself.
    let _ = attr.parse_nested_meta(|meta| {
        said |= meta.path.is_ident(word);
        if meta.input.peek(Token![=]) {
            let _: Expr = meta.value()?.parse()?;
        } else if meta.input.peek(token::Paren) {
            let inside;
            parenthesized!(inside in meta.input);
            let _: TokenStream = inside.parse()?;
        }
        Ok(())
    });
    said
}

fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

fn serde(attrs: &[Attribute]) -> Vec<Attribute> {
    let serde = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
    serde.cloned().collect()
}

/// Whether a type has this name in it.
fn mentions(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.iter().any(|segment| {
            segment.ident == name || match &segment.arguments {
                PathArguments::AngleBracketed(inner) => inner.args.iter().any(
                    |argument| matches!(argument, GenericArgument::Type(ty) if mentions(ty, name)),
                ),
                _ => false,
            }
        }),
        Type::Tuple(tuple) => tuple.elems.iter().any(|ty| mentions(ty, name)),
        Type::Array(array) => mentions(&array.elem, name),
        Type::Slice(slice) => mentions(&slice.elem, name),
        Type::Paren(inner) => mentions(&inner.elem, name),
        Type::Group(inner) => mentions(&inner.elem, name),
        Type::Reference(inner) => mentions(&inner.elem, name),
        _ => false,
    }
}
