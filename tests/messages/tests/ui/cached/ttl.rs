//! Times that are none.

use larder::cached;

#[cached(ttl = "")]
async fn empty() {}

#[cached(ttl = "60")]
async fn no_unit() {}

#[cached(ttl = 60)]
async fn a_number() {}

#[cached(ttl = "1.5h")]
async fn a_fraction() {}

#[cached(ttl = "2w")]
async fn another_unit() {}

#[cached(ttl = "-1s")]
async fn before_it_began() {}

#[cached(ttl = "18446744073709551615d")]
async fn longer_than_the_world() {}

fn main() {}
