use super::*;

mod bounds;
mod changes;
mod schema;
mod types;
mod values;

/// The value as it comes back after a stay in a store.
fn back<T>(value: &T, codec: Codec) -> (Codec, T)
where
    T: Serialize + DeserializeOwned + 'static,
{
    let encoded = encode(value, codec).expect("some codec can carry it");
    let codec = Codec::from_id(encoded.codec()).expect("a codec of ours");
    (
        codec,
        decode(&encoded).expect("it is read as it was written"),
    )
}

/// What a reader of type `New` makes of what a writer of type `Old` has stored, both being the
/// same type in two builds.
fn across<Old, New>(value: &Old) -> Option<New>
where
    Old: Serialize + DeserializeOwned + 'static,
    New: Serialize + DeserializeOwned + 'static,
{
    let encoded = encode(value, Codec::Postcard).expect("some codec can carry it");
    let marked = Encoded::new(
        encoded.codec(),
        fingerprint::<New>(),
        encoded.structure(),
        encoded.bytes().to_vec(),
    );
    decode(&marked)
}
