use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use super::*;
use crate::{Cache, Changes};

/// Writes down spans and events, one line each.
#[derive(Clone, Default)]
struct Lines {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "larder"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(format!("span {}", span.metadata().name()));
        span.record(&mut fields);
        self.lines.lock().push(fields.0);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        let mut fields = Fields("recorded".to_owned());
        values.record(&mut fields);
        self.lines.lock().push(fields.0);
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.lines.lock().push(fields.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[test]
fn spans_and_events_have_their_names_and_show_no_values() {
    let lines = Lines::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime");
    tracing::subscriber::with_default(lines.clone(), || {
        runtime.block_on(async {
            let cache = Cache::builder().observer(Tracing::new().hits()).build();
            let cache = cache.expect("the settings are valid");
            let tag = || Tag::named_parts(("customer", "secret"));
            let load = async || Ok::<_, std::io::Error>(1);
            let read = || cache.get_or_load(("orders", "secret"), load).tags([tag()]);
            read().await.expect("it loads");
            read().await.expect("it loads");
            let mut changes = Changes::new();
            changes.cause("UPDATE orders SET total = ?");
            changes.tag(tag());
            cache.publish(changes).await;
            read().await.expect("it loads");
        });
    });
    let all = lines.lines.lock().join("\n");
    assert!(!all.contains("secret"), "{all}");
    for line in [
        "span larder.load group=\"orders\" keys=1",
        "span larder.publish",
        "recorded cause=\"UPDATE orders SET total = ?\"",
        "DEBUG event=\"miss\" group=\"orders\" key=orders#",
        "TRACE event=\"hit\" group=\"orders\" key=orders#",
        "reason=\"invalidated\" cause=#1 UPDATE orders SET total = ?: 1 tags",
        "DEBUG event=\"invalidated\" cause=#1 UPDATE orders SET total = ?: 1 tags tags=\"customer(?)\"",
    ] {
        assert!(all.contains(line), "{line} in\n{all}");
    }
}
