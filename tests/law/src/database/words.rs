//! What databases say in words of their own, as data.

/// The words of one database.
#[derive(Debug)]
pub(crate) struct Words {
    /// What stands around names that cannot stand alone.
    pub(crate) quote: char,
    /// Two values are the same, NULL included; and they are not.
    pub(crate) is: &'static str,
    pub(crate) is_not: &'static str,
    /// What a view groups by, where a column is in it: of texts that are equal and differ, one stands for its group,
    /// and which one is not said.
    pub(crate) grouped: &'static str,
    /// `column = value`.
    pub(crate) equals: &'static [&'static str],
    pub(crate) null_tests: &'static [&'static str],
    /// The same value, NULL included.
    pub(crate) exactly: &'static [&'static str],
    /// Patterns of LIKE and its kin.
    pub(crate) patterns: &'static [&'static str],
    pub(crate) likes: &'static [Template],
    pub(crate) collated: &'static [Template],
    pub(crate) collations: &'static [&'static str],
    pub(crate) casts: &'static [Template],
    pub(crate) computed: &'static [Template],
    pub(crate) row_values: &'static [&'static str],
    /// Lists of what a select computes.
    pub(crate) expressions: &'static [Template],
    /// One such list for anything.
    pub(crate) expression: &'static str,
    /// What stands between tables that are joined without a condition.
    pub(crate) crosses: &'static [&'static str],
    /// What keeps the rows of the table on the right, whether it has partners on the left or not.
    pub(crate) outer: &'static [&'static str],
    /// What may stand between `AS` and the query of a CTE.
    pub(crate) cte: &'static [&'static str],
    /// How a column is ordered by.
    pub(crate) orders: &'static [&'static str],
    /// Sums of a column, with others.
    pub(crate) sums: &'static [&'static str],
    /// Another spelling of what a column holds.
    pub(crate) respelled: &'static [Template],
    /// What an integer key is set to so that the database chooses it.
    pub(crate) next_key: &'static str,
    /// An INSERT that leaves out what is there.
    pub(crate) ignoring: Verb,
    /// INSERTs that do not fail, or may.
    pub(crate) inserts: &'static [Verb],
    /// UPDATEs of what may be taken.
    pub(crate) updates: &'static [&'static str],
    /// How many of a hundred comparisons are of columns that are not alike.
    pub(crate) unlike_percent: u8,
    /// Whether `IN ()` can be said.
    pub(crate) empty_lists: bool,
    /// Whether triggers of their own rows are a setting.
    pub(crate) recursive_triggers: bool,
    /// INSERTs inside triggers.
    pub(crate) quietly: &'static [Verb],
    /// An expression that fails when it is computed.
    pub(crate) failing: &'static str,
    /// Whether a statement that is refused may end the transaction it is in.
    pub(crate) errors_end_transactions: bool,
    /// What foreign keys do.
    pub(crate) actions: &'static [&'static str],
    /// Whether foreign keys may be looked at as late as the commit.
    pub(crate) deferrable: bool,
    /// Whether foreign keys have to name the parent's key.
    pub(crate) keys_named: bool,
    /// Whether an index may be of some rows only.
    pub(crate) partial_indexes: bool,
    /// How an index goes: `{index}` is its name alone, `{within}` that in its schema.
    pub(crate) drop_index: &'static str,
    /// Whether views are written to as they are, and not by means of triggers.
    pub(crate) views_written: bool,
}

impl Words {
    /// A statement whose names stand in double quotes, with the quotes of this database.
    pub(crate) fn own_quotes(&self, sql: String) -> String {
        match self.quote {
            '"' => sql,
            quote => sql.replace('"', quote.encode_utf8(&mut [0; 4])),
        }
    }
}

/// What stands before and after an INSERT's `INTO … VALUES …`.
pub(crate) type Verb = (&'static str, &'static str);

/// SQL around columns and values, for columns of one kind.
///
/// `{a}` is a column, `{v}` and `{x}` are values of it; `{b}` is a column that is rather like it, and
/// `{w}` a value of that; `{c}` is a collation, `{p}` a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template {
    pub(crate) of: Of,
    pub(crate) sql: &'static str,
}

/// Kinds of columns that an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Any,
    Number,
    Text,
    /// Text that patterns can be tried on.
    Pattern,
    /// What has a least and a greatest.
    Ordered,
    /// A moment.
    Moment,
    /// What is true or false.
    Truth,
}

/// A template for columns of any kind.
pub(crate) const fn any(sql: &'static str) -> Template {
    Template { of: Of::Any, sql }
}

/// A template for columns of these kinds.
pub(crate) const fn of(of: Of, sql: &'static str) -> Template {
    Template { of, sql }
}
