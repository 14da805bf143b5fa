//! `larder show`: one entry.

use larder::{Inspected, ValueForm};
use larder_report::shown::{bytes, entry_state, tag_state, time, value_form};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::place::{self, Place, SIGNED_OTHERWISE};
use crate::say::{remark, say, say_json};
use crate::table::{self, Align};

/// So many bytes of a value are shown, unless said.
const VALUE_BYTES_MAX: usize = 16 * 1024;

/// Arguments of `larder show`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The key: its parts with commas between them, such as `"product, 7"`, or what `larder keys` prints.
    key: String,
    #[command(flatten)]
    place: Place,
    /// The value, too, as JSON where its form has names. It may be personal data.
    #[arg(long)]
    value: bool,
    /// How many bytes of the value at most.
    #[arg(long, value_name = "COUNT", default_value_t = VALUE_BYTES_MAX, requires = "value")]
    value_max: usize,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// Whether there is an entry.
pub(crate) async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let key = place::key(&arguments.key)?;
    let cache = arguments.place.open().await?;
    let mut look = cache.inspect(&key);
    if arguments.value {
        look = look.value(arguments.value_max);
    }
    let found = look.await.map_err(|error| place::failed(&error))?;
    let Some(entry) = found else {
        if let Some(stranger) = arguments.place.stranger(&cache).await? {
            return Err(Failure::new(stranger));
        }
        if arguments.json {
            say_json(&Value::Null);
        }
        remark(format!(
            "there is no entry under {}: it was never stored, has expired, was removed, {SIGNED_OTHERWISE}; `larder \
             keys` lists what is there",
            key.to_typed()
        ));
        return Ok(false);
    };
    match arguments.json {
        true => say_json(&as_json(&entry)),
        false => print(&entry, arguments.value),
    }
    Ok(true)
}

fn print(entry: &Inspected, wants_value: bool) {
    let left = entry.ttl.saturating_sub(entry.age);
    say(format!("key    {}", entry.key.to_typed()));
    say(format!("state  {}", entry_state(entry).0));
    say(format!(
        "ttl    {}, {} left; written {} ago",
        time(entry.ttl),
        time(left),
        time(entry.age)
    ));
    say(format!("size   {}", bytes(entry.weight as u64)));
    say(format!("form   {}", value_form(&entry.form)));
    let head = [
        ("TAG", Align::Left),
        ("VERSION", Align::Left),
        ("NOW", Align::Left),
    ];
    let rows = entry.tags.iter().map(|tag| {
        let state = tag_state(tag.state).0.to_owned();
        vec![tag.tag.to_string(), tag.recorded.clone(), state]
    });
    for line in table::lines(&head, rows) {
        say(line);
    }
    match (&entry.value, wants_value) {
        (Some(value), _) => {
            say("VALUE");
            say(&value.text);
            if value.is_cut() {
                remark(format!(
                    "the value is cut: it has {} in all; --value-max shows more",
                    bytes(value.len as u64)
                ));
            }
        }
        (None, true) => remark(
            "the value has no text: its codec writes no names, or it is too large. Codec::Json and Codec::MessagePack \
             have one",
        ),
        (None, false) => {}
    }
}

fn as_json(entry: &Inspected) -> Value {
    let (codec, fingerprint, stored) = match &entry.form {
        ValueForm::Bytes {
            codec,
            fingerprint,
            len,
        } => (*codec, Some(format!("{fingerprint:016x}")), Some(*len)),
        _ => (None, None, None),
    };
    let (state, is_served) = entry_state(entry);
    let tags = entry.tags.iter().map(|tag| {
        let (now, is_current) = tag_state(tag.state);
        json!({
            "tag": tag.tag.to_string(),
            "version": tag.recorded,
            "now": now,
            "current": is_current,
        })
    });
    json!({
        "key": entry.key.to_typed(),
        "opaque": format!("@{}", entry.key.to_opaque()),
        "state": state,
        "served": is_served,
        "ttl_ms": entry.ttl.as_millis() as u64,
        "age_ms": entry.age.as_millis() as u64,
        "left_ms": entry.ttl.saturating_sub(entry.age).as_millis() as u64,
        "bytes": entry.weight,
        "codec": codec,
        "type": fingerprint,
        "value_bytes": stored,
        "tags": tags.collect::<Vec<_>>(),
        // As text: it may be cut.
        "value": entry.value.as_ref().map(|value| &value.text),
        "value_is_cut": entry.value.as_ref().map(|value| value.is_cut()),
    })
}
