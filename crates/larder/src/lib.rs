//! A cache that keeps itself right: values by key, invalidated by what they depend on.
//!
//! ```
//! use std::time::Duration;
//! use larder::{Cache, Tag};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::memory();
//! let product = cache
//!     .get_or_load(("product", 123), async || {
//!         Ok::<_, std::io::Error>(String::from("a long-playing record"))
//!     })
//!     .ttl(Duration::from_secs(60))
//!     .tags([Tag::named("catalogue")])
//!     .await?;
//! assert_eq!(*product, "a long-playing record");
//!
//! cache.invalidate([Tag::named("catalogue")]).await?;
//! assert_eq!(cache.get::<String>(("product", 123)).await?, None);
//! # Ok(())
//! # }
//! ```
//!
//! # The promise
//!
//! A read that starts after a write returned never gives data older than that write. Every entry
//! records the versions of its tags as they were *before* it was loaded, and is served only while
//! every tag still has that version. A writer gives its tags fresh versions after its commit.
//!
//! This crate knows nothing of SQL. Adapters turn statements into tags: see [`adapter`].

pub mod adapter;
pub mod entry;
pub mod form;
pub mod model;
pub mod signal;
pub mod store;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod weigh;

mod blocking;
mod cache;
mod causes;
mod change;
mod clock;
mod codec;
mod counters;
mod encoding;
mod error;
mod event;
mod facts;
mod flight;
mod freshness;
mod function;
mod horizon;
mod key;
mod lease;
mod level;
mod load;
mod macros;
mod many;
mod mode;
mod namespace;
mod object;
mod policy;
mod read;
mod retry;
mod scope;
mod secret;
mod shape;
mod sync;
mod tag;
mod throttle;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "trace/absent.rs"]
mod trace;
mod undelivered;
mod value;
mod version;
mod visible;
mod write;

pub use adapter::Fetch;
pub use blocking::OffThread;
pub use cache::{
    Blocking, CHECK_DEAD_AFTER, CHECK_SLOW_AFTER, Cache, CacheBuilder, Checkup, Get, GetMany,
    GetOrLoad, GetOrLoadMany, Getting, Health, INSPECTED_WEIGHT_MAX, Insert, InsertMany, Inspect,
    Inspected, InspectedTag, KEYS_LISTED_DEFAULT, KeyInfo, KeyList, Keys, Loading, ValueForm,
    ValueText,
};
pub use causes::{
    CAUSE_TAG_BYTES_MAX, CAUSE_TAGS_KEPT, CAUSES_KEPT, Cause, GONE_KEPT, GONE_KEY_BYTES_MAX, Gone,
};
pub use change::{
    BUMP_TAGS_MAX, CAUSE_STATEMENTS_KEPT, Changes, IMAGES_PER_TABLE_MAX, RowImage, RowsChange,
    Widen,
};
pub use clock::{Clock, ManualClock, Moment, SystemClock};
pub use codec::{Codec, VALUE_DEPTH_MAX};
pub use counters::{GROUPS_MAX, Group, GroupStats};
pub use entry::Entry;
pub use error::{Error, LoadError, Result};
pub use event::{Event, MissReason, Observer, Sampled, Stale};
pub use form::{ByHand, Form, FormError, FromInvalid, Tidy};
pub use freshness::{Freshness, TagState, freshness};
#[doc(inline)]
pub use function::{HasCache, install, installed_cache as installed};
pub use key::{IntoKey, Key, KeyBuilder, KeyPart, OPAQUE_BYTES_MAX, TYPED_BYTES_MAX};
pub use larder_macros::CacheModel;
pub use level::Level;
pub use macros::{cached, cached_form};
pub use mode::{Local, Mode, Serde};
pub use model::{CacheModel, FromMiss, IntoKeys, Miss, Missing, ModelError, Reference};
pub use namespace::Namespace;
pub use object::CachedObject;
pub use policy::{
    LEASE_DEFAULT, Policy, STALE_IF_ERROR_THROTTLE_DEFAULT, TTL_DEFAULT, TTL_FOREVER,
};
pub use read::{Fetched, Hit, Outcome};
pub use scope::{InScope, SCOPE_BYTES_MAX, SCOPE_ENTRIES_MAX, Scope};
pub use secret::{SECRET_BYTES_MIN, Secret, Secrets};
pub use shape::{
    Admitted, COLUMN_SETS_PER_PIN_MAX, Columns, Name, SHAPES_PER_TABLE_MAX, Shape, ShapeList,
    TagValue,
};
#[cfg(feature = "memcached")]
pub use store::memcached::{Memcached, MemcachedBuilder, MemcachedServer};
pub use store::memory::{MEMORY_BYTES_MAX_DEFAULT, Memory};
pub use store::near::Near;
#[cfg(feature = "redis")]
pub use store::redis::{Redis, RedisBuilder, RedisDeployment, RedisServer};
#[cfg(any(feature = "redis", feature = "memcached"))]
pub use store::remote::{GUARD_BELIEVED_FOR, GUARD_RIPE_AFTER, MARK_AGE_MAX, TAG_KEEP};
pub use store::{Store, Versions, Want};
pub use tag::{TREE_DEPTH_MAX, Tag, TagKind};
#[cfg(feature = "tracing")]
pub use trace::Tracing;
pub use value::{CacheValue, Encode, Encoded, Value, ValueKind};
pub use version::Version;
pub use visible::is_unseen;
pub use write::{MarkGuard, Published};

/// For code that larder's macros write. It may change with any version of larder.
#[doc(hidden)]
pub mod __private {
    /// What the first generation of macros calls. Its number stands in every path that they write:
    /// macros of another generation, in a build that has both, find what they were written for or
    /// say that it is not there, and nobody takes it for something to rely on.
    pub mod v1 {
        pub use serde;

        pub use crate::blocking::{off_thread, wait};
        pub use crate::model::{
            KeyArgument, References, Slots, Unmade, Visitor, binary, from_miss, key, key_part,
        };

        /// What cached functions call.
        pub mod function {
            pub use crate::function::*;
        }
    }
}
