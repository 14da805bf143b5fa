//! Cache models, on every store: memory, Redis, memcached. The names of the tests say which promise
//! of the list of behaviours they prove.

mod built;
mod changed;
mod circles;
mod down;
mod exact;
mod keys;
mod limits;
mod named;
mod references;
mod saved;
mod world;
