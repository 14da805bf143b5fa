//! The names of functions in keys, in pieces that are read as one text.

/// The name of a function with a companion of this path. Where the module and the function's name
/// are all of it, that is the name. Else the function stands in another one, where more may have
/// its name: then the mark tells them apart.
pub fn free_name(path: &'static str, plain: &str, mark: &'static str) -> [&'static str; 2] {
    [path, if path == plain { "" } else { mark }]
}

/// The name of a method beside which stands a function of this path, called `beside`. The path
/// names the trait, if it is one that gives the method.
pub fn member_name(
    path: &'static str,
    beside: &str,
    owner: &'static str,
    name: &'static str,
) -> [&'static str; 3] {
    let given = path.strip_suffix(beside).and_then(|path| {
        let path = path.strip_suffix("::")?;
        // `<shop::Home as shop::Geo>`; an inherent one has its type's path, or that of its block:
        // `shop::impls::<impl shop::Home>`.
        (path.starts_with('<') && path.ends_with('>')).then_some(path)
    });
    [given.unwrap_or(owner), "::", name]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_path_and_has_a_mark_within_functions() {
        assert_eq!(free_name("a::f", "a::f", "#1").concat(), "a::f");
        assert_eq!(free_name("a::b::f", "a::f", "#1").concat(), "a::b::f#1");
    }

    #[test]
    fn a_method_has_the_name_of_its_trait_or_of_its_type() {
        let name = |path| member_name(path, "__beside_m", "a::T<u8>", "m").concat();
        assert_eq!(name("a::T<u8>::__beside_m"), "a::T<u8>::m");
        assert_eq!(name("a::b::<impl a::T<u8>>::__beside_m"), "a::T<u8>::m");
        assert_eq!(
            name("<a::T<u8> as b::U<u8>>::__beside_m"),
            "<a::T<u8> as b::U<u8>>::m"
        );
    }
}
