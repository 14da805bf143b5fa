//! The attributes and derives of larder. Use them through the crate `larder`, which they name in
//! what they expand to.
