//! What stands in FROM: tables, functions, sub-queries and joins.

use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableFactor, TableFunctionArgs,
    TableSample, TableSampleKind, TableWithJoins, XmlTableColumnOption,
};

use super::expression;
use super::walk::{Accepted, Node, Walk, refuse, require};

/// A table and what is joined to it.
pub(super) fn joined<'t>(walk: &mut Walk<'t>, joined: &'t TableWithJoins) -> Accepted {
    walk.push(Node::Table(&joined.relation));
    joined.joins.iter().try_for_each(|join| {
        let Join { relation, global, join_operator } = join;
        require(!global)?;
        walk.push(Node::Table(relation));
        match constraint(join_operator) {
            Some(JoinConstraint::On(expr)) => walk.push_expr(expr),
            Some(_) => {}
            None => return refuse(),
        }
        Ok(())
    })
}

/// The condition of a join that PostgreSQL has.
const fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on)
        | JoinOperator::CrossJoin(on) => Some(on),
        _ => None,
    }
}

/// One element of FROM.
pub(super) fn factor<'t>(walk: &mut Walk<'t>, factor: &'t TableFactor) -> Accepted {
    match factor {
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } if is_only(name) => {
            refuse()
        }
        TableFactor::Table { .. } => table(walk, factor),
        TableFactor::Derived { lateral: _, subquery, alias: _, sample } => {
            walk.push(Node::Query(subquery));
            require(sample.is_none())
        }
        TableFactor::Function { lateral: _, name, args, with_ordinality: _, alias: _ } => {
            expression::callee(walk, name)?;
            expression::arguments(walk, args)
        }
        TableFactor::UNNEST { alias: _, array_exprs, with_offset, .. } => {
            walk.push_exprs(array_exprs);
            require(!with_offset)
        }
        TableFactor::NestedJoin { table_with_joins, alias: _ } => {
            walk.push(Node::Joined(table_with_joins));
            Ok(())
        }
        TableFactor::JsonTable { json_expr, json_path: _, columns: _, alias: _ } => {
            walk.push_expr(json_expr);
            Ok(())
        }
        TableFactor::XmlTable { .. } => xml_table(walk, factor),
        _ => refuse(),
    }
}

/// `ONLY t` and `ONLY (t)`, of which the parser makes a table with an alias and a call: for them the
/// tokens are read.
fn is_only(name: &ObjectName) -> bool {
    matches!(name.0.as_slice(), [ObjectNamePart::Identifier(word)]
        if word.quote_style.is_none() && word.value == "only")
}

fn table<'t>(walk: &mut Walk<'t>, factor: &'t TableFactor) -> Accepted {
    let TableFactor::Table {
        name,
        alias: _,
        args,
        with_hints,
        version,
        with_ordinality: _,
        partitions,
        json_path,
        sample,
        index_hints,
    } = factor
    else {
        return refuse();
    };
    require(with_hints.is_empty() && version.is_none() && partitions.is_empty())?;
    require(json_path.is_none() && index_hints.is_empty())?;
    sample.iter().try_for_each(|kind| table_sample(walk, kind))?;
    match args {
        None => named(walk, name),
        Some(TableFunctionArgs { args, settings }) => {
            require(settings.is_none())?;
            expression::callee(walk, name)?;
            expression::arguments(walk, args)
        }
    }
}

/// A plain name, with or without a schema, or with the current database in front of both.
fn named(walk: &Walk<'_>, name: &ObjectName) -> Accepted {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(table)] => walk.relation(None, &table.value),
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(table)]
        | [_, ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(table)] => {
            walk.relation(Some(&schema.value), &table.value)
        }
        _ => refuse(),
    }
}

/// TABLESAMPLE SYSTEM or BERNOULLI; methods of extensions do not parse.
fn table_sample<'t>(walk: &mut Walk<'t>, kind: &'t TableSampleKind) -> Accepted {
    let (TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) =
        kind;
    let TableSample { modifier: _, name, quantity, seed: _, bucket, offset } = &**sample;
    require(name.is_some() && bucket.is_none() && offset.is_none())?;
    walk.push_exprs(quantity.iter().map(|quantity| &quantity.value));
    Ok(())
}

fn xml_table<'t>(walk: &mut Walk<'t>, factor: &'t TableFactor) -> Accepted {
    let TableFactor::XmlTable { namespaces, row_expression, passing, columns, alias: _ } = factor
    else {
        return refuse();
    };
    walk.push_expr(row_expression);
    walk.push_exprs(namespaces.iter().map(|namespace| &namespace.uri));
    walk.push_exprs(passing.arguments.iter().map(|argument| &argument.expr));
    for column in columns {
        if let XmlTableColumnOption::NamedInfo { r#type: _, path, default, nullable: _ } =
            &column.option
        {
            walk.push_exprs(path.iter().chain(default));
        }
    }
    Ok(())
}
