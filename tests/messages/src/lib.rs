//! What larder's macros refuse, and what they say: all of it is in the tests.
//!
//! They are no tests of the macros' own package, as the tests of a package of macros are built for the
//! compiler's machine: larder, and all that it stands on, a second time.
