//! Functions that always answer alike. All others make an answer uncacheable.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, ObjectName, Value as Literal, Visit, Visitor, WindowType,
};

use super::Analyser;
use crate::{Dialect, Reason, name::fold_ident, normalise::slot_of};

impl Analyser<'_> {
    /// Looks at every function below `node`, however deep.
    pub(super) fn look_at_functions<T: Visit>(&mut self, node: &T) {
        let mut look = Look {
            dialect: self.dialect,
            reason: None,
            may_write: false,
            times_of_columns: false,
            ordered_by_chance: false,
        };
        let _ = node.visit(&mut look);
        self.may_write |= look.may_write;
        self.times_of_columns |= look.times_of_columns;
        self.ordered_by_chance |= look.ordered_by_chance;
        if let Some(reason) = look.reason {
            self.refuse(reason);
        }
    }
}

/// Whether everything below `node` answers alike when asked twice.
pub(super) fn is_steady<T: Visit>(dialect: Dialect, node: &T) -> bool {
    let mut look = Look {
        dialect,
        reason: None,
        may_write: false,
        times_of_columns: false,
        ordered_by_chance: false,
    };
    let _ = node.visit(&mut look);
    look.reason.is_none()
}

struct Look {
    dialect: Dialect,
    reason: Option<Reason>,
    may_write: bool,
    times_of_columns: bool,
    ordered_by_chance: bool,
}

impl Visitor for Look {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::Identifier(ident) => self.identifier(ident),
            Expr::CompoundIdentifier(idents) => idents.iter().for_each(|ident| self.place(ident)),
            // Beside a time it is one, whatever stands there is not looked at.
            Expr::Value(value)
                if self.dialect == Dialect::Postgres && is_bare_moment(&value.value) =>
            {
                self.refuse(Reason::new("a text that beside a time asks for the time"));
            }
            Expr::Value(value) => {
                if let Literal::Placeholder(text) = &value.value
                    && self.dialect == Dialect::MySql
                    && slot_of(text).is_none()
                    && text.starts_with('@')
                {
                    self.refuse(Reason::of(format!("the variable {text}")));
                }
            }
            Expr::Cast {
                expr, data_type, ..
            } => self.cast(expr, data_type),
            Expr::TypedString(typed)
                if self.dialect == Dialect::Postgres && names_a_moment(&typed.value.value) =>
            {
                self.refuse(Reason::new("it asks for the time"));
            }
            Expr::BinaryOp {
                op:
                    BinaryOperator::Custom(_)
                    | BinaryOperator::PGCustomBinaryOperator(_)
                    | BinaryOperator::Assignment,
                ..
            } => {
                self.may_write = true;
                self.refuse(Reason::new("an operator that is not known"));
            }
            Expr::BinaryOp {
                op: BinaryOperator::Regexp,
                ..
            } if self.dialect == Dialect::Sqlite => {
                self.refuse(Reason::new("the function regexp is not SQLite's own"));
            }
            Expr::RLike { .. } if self.dialect == Dialect::Sqlite => {
                self.refuse(Reason::new("the function regexp is not SQLite's own"));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// No column of a table can have these names.
const PLACES: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

impl Look {
    fn refuse(&mut self, reason: Reason) {
        self.reason.get_or_insert(reason);
    }

    /// Columns of PostgreSQL that no statement writes and any write of a row changes.
    fn place(&mut self, ident: &Ident) {
        let name = fold_ident(self.dialect, ident);
        if self.dialect == Dialect::Postgres && PLACES.contains(&&*name) {
            self.refuse(Reason::of(format!("{name} tells where a row lies")));
        }
    }

    fn identifier(&mut self, ident: &Ident) {
        self.place(ident);
        if ident.quote_style.is_some() {
            return;
        }
        let name = ident.value.to_ascii_lowercase();
        let asks = match self.dialect {
            Dialect::Sqlite => BARE[..3].contains(&name.as_str()),
            Dialect::MySql => BARE[..8].contains(&name.as_str()) || name.starts_with('@'),
            Dialect::Postgres => BARE.contains(&name.as_str()),
        };
        if asks {
            self.refuse(Reason::of(format!("{name} differs from call to call")));
        }
    }

    fn cast(&mut self, expr: &Expr, data_type: &DataType) {
        let time = matches!(
            data_type,
            DataType::Date
                | DataType::Time(..)
                | DataType::Timestamp(..)
                | DataType::TimestampNtz(..)
        ) || matches!(data_type, DataType::Custom(..));
        if self.dialect != Dialect::Postgres || !time {
            return;
        }
        if let Expr::Value(value) = expr {
            let unsure = match &value.value {
                Literal::Placeholder(_) => true,
                literal => names_a_moment(literal),
            };
            if unsure {
                self.refuse(Reason::new("a text cast to a time may be 'now'"));
            }
        }
    }

    fn function(&mut self, function: &Function) {
        let Some(name) = own_name(&function.name) else {
            self.may_write |= self.dialect != Dialect::Sqlite;
            return self.refuse(Reason::of(format!(
                "the function {} is not known",
                function.name
            )));
        };
        // Windows and lists follow the rows in the order in which they come.
        self.ordered_by_chance |= is_window_without_order(function)
            || LISTS.contains(&name.as_str()) && !is_sorted(function);
        let pure = PURE.binary_search(&name.as_str()).is_ok()
            || match self.dialect {
                Dialect::Sqlite => PURE_SQLITE.binary_search(&name.as_str()).is_ok(),
                Dialect::Postgres => PURE_POSTGRES.binary_search(&name.as_str()).is_ok(),
                Dialect::MySql => PURE_MYSQL.binary_search(&name.as_str()).is_ok(),
            };
        if pure {
            return;
        }
        if self.dialect == Dialect::Sqlite && SQLITE_TIMES.contains(&name.as_str()) {
            if !times_are_given(&name, function) {
                self.refuse(Reason::of(format!("{name} may ask for the time")));
            }
            self.times_of_columns |= works_with_columns(function);
            return;
        }
        let clock = CLOCKS.contains(&name.as_str()) || SESSION.contains(&name.as_str());
        let sequence = self.dialect == Dialect::Postgres && SEQUENCES.contains(&name.as_str());
        let volatile = clock || sequence || VOLATILE.contains(&name.as_str());
        self.may_write |= !volatile && self.dialect != Dialect::Sqlite || name == "load_extension";
        self.refuse(match volatile {
            true => Reason::of(format!("{name} differs from call to call")),
            false => Reason::of(format!("the function {name} is not known")),
        });
    }
}

/// A function's name, if it is one of the database itself.
fn own_name(name: &ObjectName) -> Option<String> {
    let part = |at: usize| name.0.get(at).and_then(|part| part.as_ident());
    match name.0.len() {
        1 => Some(part(0)?.value.to_ascii_lowercase()),
        2 if part(0)?.value.eq_ignore_ascii_case("pg_catalog") => {
            Some(part(1)?.value.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// Whether SQLite's time function is told every time that it works with.
fn times_are_given(name: &str, function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else {
        return false;
    };
    let mut arguments = Vec::new();
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(expr),
            _ => return false,
        }
    }
    let times: &[usize] = match name {
        "strftime" => &[1],
        "timediff" => &[0, 1],
        _ => &[0],
    };
    times
        .iter()
        .all(|at| arguments.get(*at).is_some_and(|expr| is_given_time(expr)))
        && arguments.iter().all(|expr| !is_slot(expr))
}

/// Aggregates that make a list of the rows.
const LISTS: [&str; 14] = [
    "array_agg",
    "group_concat",
    "json_agg",
    "json_arrayagg",
    "json_group_array",
    "json_group_object",
    "json_object_agg",
    "json_objectagg",
    "jsonb_agg",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_object_agg",
    "string_agg",
    "xmlagg",
];

/// Whether an aggregate says in which order it takes its rows.
fn is_sorted(function: &Function) -> bool {
    let sorts =
        |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::OrderBy(_));
    match &function.args {
        FunctionArguments::List(list) => list.clauses.iter().any(sorts),
        _ => false,
    }
}

fn is_window_without_order(function: &Function) -> bool {
    match &function.over {
        None => false,
        Some(WindowType::WindowSpec(window)) => window.order_by.is_empty(),
        Some(WindowType::NamedWindow(_)) => true,
    }
}

fn works_with_columns(function: &Function) -> bool {
    struct Columns(bool);
    impl Visitor for Columns {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            self.0 |= matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            ControlFlow::Continue(())
        }
    }
    let mut columns = Columns(false);
    let _ = function.args.visit(&mut columns);
    columns.0
}

fn is_slot(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Placeholder(_)))
}

/// A column, a number, or a literal that starts with a digit. Anything computed may be `now`.
fn is_given_time(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_given_time(inner),
        Expr::Identifier(ident) => ident.quote_style != Some('"') || !is_moment(&ident.value),
        Expr::CompoundIdentifier(_) => true,
        Expr::Value(value) => match &value.value {
            Literal::Number(..) => true,
            Literal::SingleQuotedString(text) => text
                .trim_start_matches('-')
                .starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        },
        _ => false,
    }
}

fn names_a_moment(literal: &Literal) -> bool {
    match literal {
        Literal::SingleQuotedString(text) => is_moment(text),
        _ => false,
    }
}

fn is_moment(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    [
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "allballs",
        "subsec",
        "subsecond",
    ]
    .iter()
    .any(|moment| text.contains(moment))
}

fn is_bare_moment(literal: &Literal) -> bool {
    match literal {
        Literal::SingleQuotedString(text) => has_moment(text),
        _ => false,
    }
}

/// Whether PostgreSQL reads a word of this text as the time of the statement, where a time is wanted.
/// Such a text is no value that could be put in the place of another.
pub(crate) fn has_moment(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        ["now", "today", "tomorrow", "yesterday"]
            .iter()
            .any(|moment| word.eq_ignore_ascii_case(moment))
    })
}

/// Whether a function in a `FROM` answers alike for the same arguments.
pub(super) fn is_pure_table(dialect: Dialect, name: &str) -> bool {
    match dialect {
        Dialect::Sqlite => [
            "json_each",
            "json_tree",
            "jsonb_each",
            "jsonb_tree",
            "generate_series",
        ]
        .contains(&name),
        Dialect::Postgres => name == "unnest" || PURE_POSTGRES.binary_search(&name).is_ok(),
        Dialect::MySql => false,
    }
}

/// Those that are called without parentheses. The first three are SQLite's, eight MySQL's.
const BARE: &[&str] = &[
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "utc_timestamp",
    "utc_date",
    "current_user",
    "utc_time",
    "session_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "user",
];

const CLOCKS: &[&str] = &[
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "now",
    "utc_timestamp",
    "utc_date",
    "utc_time",
    "sysdate",
    "curdate",
    "curtime",
];

const SESSION: &[&str] = &[
    "current_user",
    "session_user",
    "current_role",
    "current_catalog",
    "current_schema",
    "user",
    "system_user",
    "current_database",
    "database",
    "schema",
    "current_setting",
];

/// PostgreSQL's functions of sequences, whose own rows are never kept. Elsewhere an application may have
/// functions of these names.
const SEQUENCES: &[&str] = &["nextval", "currval", "lastval", "setval"];

const VOLATILE: &[&str] = &[
    "random",
    "randomblob",
    "last_insert_rowid",
    "changes",
    "total_changes",
    "rand",
    "uuid",
    "gen_random_uuid",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "last_insert_id",
    "row_count",
    "found_rows",
    "connection_id",
    "version",
    "sqlite_version",
    "sqlite_source_id",
    "timeofday",
    "unix_timestamp",
];

const SQLITE_TIMES: &[&str] = &[
    "date",
    "time",
    "datetime",
    "julianday",
    "unixepoch",
    "strftime",
    "timediff",
];

/// Sorted. Alike in all three databases.
const PURE: &[&str] = &[
    "abs",
    "acos",
    "asin",
    "atan",
    "atan2",
    "avg",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "count",
    "cume_dist",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "greatest",
    "hex",
    "instr",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "radians",
    "rank",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "sign",
    "sin",
    "sqrt",
    "substr",
    "substring",
    "sum",
    "tan",
    "trim",
    "trunc",
    "upper",
];

/// Sorted.
const PURE_SQLITE: &[&str] = &[
    "acosh",
    "asinh",
    "atanh",
    "bm25",
    "char",
    "cosh",
    "glob",
    "group_concat",
    "highlight",
    "if",
    "ifnull",
    "iif",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_patch",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "like",
    "likelihood",
    "likely",
    "median",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "printf",
    "quote",
    "raise",
    "sinh",
    "snippet",
    "soundex",
    "string_agg",
    "tanh",
    "total",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unlikely",
    "zeroblob",
];

/// Sorted.
const PURE_POSTGRES: &[&str] = &[
    "array_agg",
    "array_append",
    "array_cat",
    "array_length",
    "array_lower",
    "array_ndims",
    "array_position",
    "array_positions",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_json",
    "array_to_string",
    "array_upper",
    "ascii",
    "bit_and",
    "bit_length",
    "bit_or",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "cbrt",
    "character_length",
    "chr",
    "corr",
    "date_bin",
    "date_part",
    "date_trunc",
    "decode",
    "div",
    "encode",
    "every",
    "gcd",
    "generate_series",
    "generate_subscripts",
    "initcap",
    "isfinite",
    "json_agg",
    "json_array_elements",
    "json_array_elements_text",
    "json_array_length",
    "json_build_array",
    "json_build_object",
    "json_each",
    "json_each_text",
    "json_extract_path",
    "json_extract_path_text",
    "json_object_agg",
    "json_object_keys",
    "json_strip_nulls",
    "json_typeof",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
    "jsonb_object_agg",
    "jsonb_object_keys",
    "jsonb_path_exists",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "lcm",
    "lower_inc",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "md5",
    "mode",
    "numeric",
    "percentile_cont",
    "percentile_disc",
    "position",
    "regexp_count",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "regexp_split_to_array",
    "regexp_split_to_table",
    "regr_slope",
    "row_to_json",
    "sha256",
    "sha512",
    "split_part",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "string_to_array",
    "strpos",
    "to_hex",
    "to_json",
    "to_jsonb",
    "translate",
    "unnest",
    "upper_inc",
    "var_pop",
    "var_samp",
    "variance",
    "width_bucket",
];

/// Sorted.
const PURE_MYSQL: &[&str] = &[
    "adddate",
    "any_value",
    "ascii",
    "bin",
    "bit_and",
    "bit_count",
    "bit_length",
    "bit_or",
    "bit_xor",
    "char",
    "character_length",
    "conv",
    "cot",
    "crc32",
    "date",
    "date_add",
    "date_format",
    "date_sub",
    "datediff",
    "day",
    "dayname",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "elt",
    "field",
    "find_in_set",
    "from_base64",
    "from_days",
    "group_concat",
    "hour",
    "if",
    "ifnull",
    "inet_aton",
    "inet_ntoa",
    "insert",
    "interval",
    "isnull",
    "json_array",
    "json_arrayagg",
    "json_contains",
    "json_contains_path",
    "json_depth",
    "json_extract",
    "json_insert",
    "json_keys",
    "json_length",
    "json_merge_patch",
    "json_object",
    "json_objectagg",
    "json_overlaps",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_search",
    "json_set",
    "json_type",
    "json_unquote",
    "json_valid",
    "json_value",
    "last_day",
    "lcase",
    "locate",
    "makedate",
    "maketime",
    "md5",
    "microsecond",
    "mid",
    "minute",
    "month",
    "monthname",
    "oct",
    "ord",
    "position",
    "quarter",
    "quote",
    "regexp_instr",
    "regexp_like",
    "regexp_replace",
    "regexp_substr",
    "sec_to_time",
    "second",
    "sha1",
    "sha2",
    "soundex",
    "space",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "str_to_date",
    "strcmp",
    "subdate",
    "substring_index",
    "subtime",
    "time",
    "time_to_sec",
    "timediff",
    "timestampadd",
    "timestampdiff",
    "to_base64",
    "to_days",
    "truncate",
    "ucase",
    "unhex",
    "values",
    "var_pop",
    "var_samp",
    "variance",
    "week",
    "weekday",
    "weekofyear",
    "year",
    "yearweek",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_so_that_they_can_be_searched() {
        for list in [PURE, PURE_SQLITE, PURE_POSTGRES, PURE_MYSQL] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
