//! PostgreSQL's dialect for sqlparser, on a budget.
//!
//! Two habits of sqlparser 0.63 are dangerous with texts from outside. `position(position(...` is
//! tried two ways at each level, which takes 2^n steps. `a JOIN b JOIN c ...` recurses once per
//! JOIN without counting, which ends the process when the stack does. The parser asks its dialect
//! before every operand, so this is where the steps are counted; and the dialect decides that
//! joins are read in a loop.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// `PostgreSqlDialect` as far as queries need it, for one text.
#[derive(Debug)]
pub(super) struct Budgeted {
    postgres: PostgreSqlDialect,
    /// Operands that the parser may still try.
    operands: Cell<usize>,
}

impl Budgeted {
    /// A dialect in which the parser may begin to read an operand `operands` times.
    pub(super) const fn new(operands: usize) -> Self {
        Self { postgres: PostgreSqlDialect {}, operands: Cell::new(operands) }
    }
}

macro_rules! as_postgres {
    ($($question:ident)*) => {
        $(fn $question(&self) -> bool { self.postgres.$question() })*
    };
}

impl Dialect for Budgeted {
    /// The parser takes it for what it wraps.
    fn dialect(&self) -> TypeId {
        self.postgres.dialect()
    }

    fn parse_prefix(&self, _: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        match self.operands.get().checked_sub(1) {
            Some(left) => {
                self.operands.set(left);
                None
            }
            None => Some(Err(ParserError::RecursionLimitExceeded)),
        }
    }

    /// Unlike PostgreSQL's: `a JOIN b JOIN c ON x ON y`, which needs the recursion, does not parse.
    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    fn is_identifier_start(&self, first: char) -> bool {
        self.postgres.is_identifier_start(first)
    }

    fn is_identifier_part(&self, part: char) -> bool {
        self.postgres.is_identifier_part(part)
    }

    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        self.postgres.is_reserved_for_identifier(word)
    }

    fn is_table_alias(&self, word: &Keyword, parser: &mut Parser<'_>) -> bool {
        self.postgres.is_table_alias(word, parser)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        self.postgres.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        self.postgres.prec_value(precedence)
    }

    as_postgres! {
        allow_extract_custom
        allow_extract_single_quotes
        supports_aliased_function_args
        supports_array_typedef_with_brackets
        supports_bitwise_shift_operators
        supports_comma_separated_trim
        supports_empty_projections
        supports_filter_during_aggregation
        supports_geometric_types
        supports_group_by_expr
        supports_interval_options
        supports_named_fn_args_with_colon_operator
        supports_named_fn_args_with_expr_name
        supports_notnull_operator
        supports_order_by_using_operator
        supports_select_wildcard_with_alias
        supports_xml_expressions
    }
}
