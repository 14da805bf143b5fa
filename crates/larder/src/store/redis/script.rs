//! What a server does in one step although it takes several commands: short scripts.
//!
//! Each compares the head of what is there with the one that was seen, and says `1` if it has done
//! its part, else what is there. A value of another kind counts as nothing.

use std::sync::LazyLock;

use redis::Script;

/// What a conditional operation does if nobody has changed the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Writes another value.
    Swap,
    /// Deletes it.
    Take,
    /// Lets it live longer.
    Renew,
}

/// `KEYS[1]` the name, `ARGV[1]` the head that was seen, or as much of it as is known; nothing stands
/// for an empty value. A refusal goes back as it is, so that it is read as the refusal of a command
/// would be.
const COMPARE: &str = "\
local there = redis.pcall('GETRANGE', KEYS[1], 0, #ARGV[1] - 1)
if type(there) == 'table' then
if string.find(there.err, 'WRONGTYPE', 1, true) then return false end
return there
end
if there ~= ARGV[1] or (there == '' and redis.call('EXISTS', KEYS[1]) == 0) then
return redis.call('GET', KEYS[1])
end
local done = redis.pcall(";

/// `ARGV[2]` the milliseconds to live, `ARGV[3]` the new value.
const SWAP: &str = "'SET', KEYS[1], ARGV[3], 'PX', ARGV[2]";

const TAKE: &str = "'DEL', KEYS[1]";

const RENEW: &str = "'PEXPIRE', KEYS[1], ARGV[2]";

const TELL: &str = ")
if type(done) == 'table' and done.err then return done end
return 1";

/// A script's text and digest.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) digest: String,
}

static SCRIPTS: LazyLock<[Text; 3]> = LazyLock::new(|| {
    [SWAP, TAKE, RENEW].map(|act| {
        let text = format!("{COMPARE}{act}{TELL}");
        let digest = Script::new(&text).get_hash().to_owned();
        Text { text, digest }
    })
});

/// The script for a change.
pub(super) fn script(change: Change) -> &'static Text {
    &SCRIPTS[change as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_a_script() {
        let texts = [Change::Swap, Change::Take, Change::Renew].map(|change| &script(change).text);
        assert!(texts[0].contains("'SET'") && texts[1].contains("'DEL'"));
        assert!(texts[2].contains("'PEXPIRE'"));
    }
}
