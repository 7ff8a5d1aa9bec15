//! Expressions: operators, sub-queries, and above all calls.

use sqlparser::ast::{
    AccessExpr, Array, CaseWhen, CastFormat, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, ObjectName, ObjectNamePart,
    Subscript, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};

use super::super::Reason;
use super::super::objection::Objection;
use super::keywords;
use super::walk::{Accepted, Node, Walk, refuse, require, wildcard};

/// Accepts one expression and puts what it is made of on the list.
pub(super) fn visit<'t>(walk: &mut Walk<'t>, expr: &'t Expr) -> Accepted {
    match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::TypedString(_)
        | Expr::Wildcard(_)
        | Expr::QualifiedWildcard(..) => Ok(()),
        Expr::Function(function) => call(walk, function),
        Expr::CompoundFieldAccess { root, access_chain } => {
            walk.push_expr(root);
            access_chain.iter().try_for_each(|step| access(walk, step))
        }
        Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => {
            walk.push(Node::Query(subquery));
            Ok(())
        }
        Expr::InSubquery { expr, subquery, negated: _ } => {
            walk.push_expr(expr);
            walk.push(Node::Query(subquery));
            Ok(())
        }
        Expr::Cast { kind: _, expr, data_type: _, format } => {
            walk.push_expr(expr);
            require(!matches!(format, Some(CastFormat::Value(_) | CastFormat::ValueAtTimeZone(..))))
        }
        Expr::Case { operand, conditions, else_result, case_token: _, end_token: _ } => {
            walk.push_exprs(operand.iter().chain(else_result).map(|expr| &**expr));
            for CaseWhen { condition, result } in conditions {
                walk.push_exprs([condition, result]);
            }
            Ok(())
        }
        _ => operators(walk, expr).or_else(|_| keywords(walk, expr)).or_else(|_| lists(walk, expr)),
    }
}

/// Operators and tests: one, two or three operands.
fn operators<'t>(walk: &mut Walk<'t>, expr: &'t Expr) -> Accepted {
    match expr {
        Expr::IsFalse(one)
        | Expr::IsNotFalse(one)
        | Expr::IsTrue(one)
        | Expr::IsNotTrue(one)
        | Expr::IsNull(one)
        | Expr::IsNotNull(one)
        | Expr::IsUnknown(one)
        | Expr::IsNotUnknown(one)
        | Expr::Nested(one)
        | Expr::IsJson { expr: one, .. }
        | Expr::IsNormalized { expr: one, .. }
        | Expr::UnaryOp { op: _, expr: one }
        | Expr::Collate { expr: one, collation: _ } => walk.push_expr(one),
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::BinaryOp { left, op: _, right }
        | Expr::AnyOp { left, compare_op: _, right, is_some: _ }
        | Expr::AllOp { left, compare_op: _, right }
        | Expr::AtTimeZone { timestamp: left, time_zone: right }
        | Expr::InUnnest { expr: left, array_expr: right, negated: _ } => {
            walk.push_exprs([&**left, right]);
        }
        Expr::Between { expr, negated: _, low, high } => walk.push_exprs([&**expr, low, high]),
        Expr::Like { expr, pattern, escape_char, negated: _, any: _ }
        | Expr::ILike { expr, pattern, escape_char, negated: _, any: _ }
        | Expr::SimilarTo { expr, pattern, escape_char, negated: _ } => {
            walk.push_exprs([&**expr, pattern]);
            walk.push_exprs(escape_char.iter().map(|escape| &**escape));
        }
        _ => return refuse(),
    }
    Ok(())
}

/// Calls that the SQL standard spells with keywords between the arguments.
fn keywords<'t>(walk: &mut Walk<'t>, expr: &'t Expr) -> Accepted {
    match expr {
        Expr::Extract { field: _, syntax: _, expr }
        | Expr::Ceil { expr, field: _ }
        | Expr::Floor { expr, field: _ }
        | Expr::Named { expr, name: _ } => walk.push_expr(expr),
        Expr::Interval(interval) => walk.push_expr(&interval.value),
        Expr::Position { expr, r#in } => walk.push_exprs([&**expr, r#in]),
        Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
            walk.push_expr(expr);
            walk.push_exprs(substring_from.iter().chain(substring_for).map(|expr| &**expr));
        }
        Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
            walk.push_expr(expr);
            walk.push_exprs(trim_what.iter().map(|what| &**what));
            walk.push_exprs(trim_characters.iter().flatten());
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            walk.push_exprs([&**expr, overlay_what, overlay_from]);
            walk.push_exprs(overlay_for.iter().map(|length| &**length));
        }
        _ => return refuse(),
    }
    Ok(())
}

/// Lists, rows and arrays.
fn lists<'t>(walk: &mut Walk<'t>, expr: &'t Expr) -> Accepted {
    match expr {
        Expr::InList { expr, list, negated: _ } => {
            walk.push_expr(expr);
            walk.push_exprs(list);
        }
        Expr::Tuple(list) | Expr::Array(Array { elem: list, named: _ }) => walk.push_exprs(list),
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
            walk.push_exprs(sets.iter().flatten());
        }
        _ => return refuse(),
    }
    Ok(())
}

/// `.field` and `[index]`. A call behind a dot is never a method in PostgreSQL.
fn access<'t>(walk: &mut Walk<'t>, step: &'t AccessExpr) -> Accepted {
    match step {
        AccessExpr::Dot(Expr::Identifier(_) | Expr::Wildcard(_)) => Ok(()),
        AccessExpr::Dot(_) => refuse(),
        AccessExpr::Subscript(Subscript::Index { index }) => {
            walk.push_expr(index);
            Ok(())
        }
        AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
            walk.push_exprs(lower_bound.iter().chain(upper_bound));
            require(stride.is_none())
        }
    }
}

fn call<'t>(walk: &mut Walk<'t>, function: &'t Function) -> Accepted {
    let Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        within_group,
        filter,
        null_treatment: _,
        over,
    } = function;
    callee(walk, name)?;
    require(!uses_odbc_syntax && matches!(parameters, FunctionArguments::None))?;
    match args {
        FunctionArguments::None => {}
        FunctionArguments::Subquery(query) => walk.push(Node::Query(query)),
        FunctionArguments::List(list) => argument_list(walk, list)?,
    }
    walk.sorted(within_group)?;
    walk.push_exprs(filter.iter().map(|filter| &**filter));
    match over {
        Some(WindowType::WindowSpec(spec)) => window(walk, spec),
        Some(WindowType::NamedWindow(_)) | None => Ok(()),
    }
}

/// A function's name, with or without a schema. Nobody writes the database in front of both.
pub(super) fn callee(walk: &Walk<'_>, name: &ObjectName) -> Accepted {
    let (schema, function) = match name.0.as_slice() {
        [ObjectNamePart::Identifier(word)]
            if word.quote_style.is_none() && keywords::is_syntax(&word.value) =>
        {
            return Ok(());
        }
        [ObjectNamePart::Identifier(function)] => (None, function),
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(function)] => {
            (Some(schema.value.as_str()), function)
        }
        _ => return Err(Objection::to(Reason::UnknownFunction, name.to_string())),
    };
    match walk.catalog.call(schema, &function.value) {
        Some(reason) => Err(Objection::to(reason, name.to_string())),
        None => Ok(()),
    }
}

fn argument_list<'t>(walk: &mut Walk<'t>, list: &'t FunctionArgumentList) -> Accepted {
    let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
    arguments(walk, args)?;
    clauses.iter().try_for_each(|clause| match clause {
        FunctionArgumentClause::OrderBy(exprs) => walk.sorted(exprs),
        FunctionArgumentClause::IgnoreOrRespectNulls(_)
        | FunctionArgumentClause::JsonNullClause(_)
        | FunctionArgumentClause::JsonReturningClause(_) => Ok(()),
        _ => refuse(),
    })
}

/// What stands between a call's parentheses.
pub(super) fn arguments<'t>(walk: &mut Walk<'t>, args: &'t [FunctionArg]) -> Accepted {
    args.iter().try_for_each(|arg| match arg {
        FunctionArg::Unnamed(value) | FunctionArg::Named { name: _, arg: value, operator: _ } => {
            argument(walk, value)
        }
        FunctionArg::ExprNamed { name, arg: value, operator: _ } => {
            walk.push_expr(name);
            argument(walk, value)
        }
    })
}

fn argument<'t>(walk: &mut Walk<'t>, value: &'t FunctionArgExpr) -> Accepted {
    match value {
        FunctionArgExpr::Expr(expr) => walk.push_expr(expr),
        FunctionArgExpr::Wildcard | FunctionArgExpr::QualifiedWildcard(_) => {}
        FunctionArgExpr::WildcardWithOptions(options) => return wildcard(options),
    }
    Ok(())
}

/// What stands behind OVER or in WINDOW.
pub(super) fn window<'t>(walk: &mut Walk<'t>, spec: &'t WindowSpec) -> Accepted {
    let WindowSpec { window_name: _, partition_by, order_by, window_frame } = spec;
    walk.push_exprs(partition_by);
    if let Some(WindowFrame { units: _, start_bound, end_bound }) = window_frame {
        for bound in std::iter::once(start_bound).chain(end_bound) {
            if let WindowFrameBound::Preceding(Some(expr))
            | WindowFrameBound::Following(Some(expr)) = bound
            {
                walk.push_expr(expr);
            }
        }
    }
    walk.sorted(order_by)
}
