//! Queries and what they are made of: every node is known and accepted, or refused.
//!
//! A list of nodes still to visit instead of recursion, because a tree may be as deep as it has
//! tokens. Structures are taken apart field by field, without `..` where a field could hold an
//! expression, so that a new version of the parser cannot add one unseen.

use std::collections::HashSet;

use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, GroupByWithModifier, LimitClause, NamedWindowExpr, OrderBy,
    OrderByExpr, OrderByKind, Query, Select, SelectFlavor, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, TableWithJoins,
    WildcardAdditionalOptions, With,
};

use super::super::Reason;
use super::super::catalog::Catalog;
use super::super::objection::Objection;
use super::{expression, table};

/// A part of the tree that has not been looked at.
pub(super) enum Node<'t> {
    Query(&'t Query),
    Body(&'t SetExpr),
    Joined(&'t TableWithJoins),
    Table(&'t TableFactor),
    Expr(&'t Expr),
}

/// What is still to be visited, and what is known of the names in it.
pub(super) struct Walk<'t> {
    pending: Vec<Node<'t>>,
    /// The names of WITH queries, wherever they hold: a relation of such a name may not be meant.
    with: HashSet<&'t str>,
    pub(super) catalog: &'t Catalog,
}

/// Whether a part is acceptable, its children aside, which have been put on the list.
pub(super) type Accepted = Result<(), Objection>;

/// What PostgreSQL's grammar does not have, or what the proof does not know.
pub(super) fn refuse() -> Accepted {
    Err(Reason::Unparsed.into())
}

/// Accepts `condition`, a field that PostgreSQL's grammar leaves empty.
pub(super) fn require(condition: bool) -> Accepted {
    if condition { Ok(()) } else { refuse() }
}

/// Objects to the first part of `query` that is not known to be fit for a replica.
pub(super) fn walk<'t>(query: &'t Query, catalog: &'t Catalog) -> Accepted {
    if is_write(&query.body) {
        return Err(Reason::Write.into());
    }
    let mut walk = Walk { pending: vec![Node::Query(query)], with: HashSet::new(), catalog };
    while let Some(node) = walk.pending.pop() {
        match node {
            Node::Query(query) => walk.query(query)?,
            Node::Body(body) => walk.body(body)?,
            Node::Joined(joined) => table::joined(&mut walk, joined)?,
            Node::Table(factor) => table::factor(&mut walk, factor)?,
            Node::Expr(expr) => expression::visit(&mut walk, expr)?,
        }
    }
    Ok(())
}

const fn is_write(body: &SetExpr) -> bool {
    matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
}

impl<'t> Walk<'t> {
    pub(super) fn push(&mut self, node: Node<'t>) {
        self.pending.push(node);
    }

    pub(super) fn push_expr(&mut self, expr: &'t Expr) {
        self.push(Node::Expr(expr));
    }

    pub(super) fn push_exprs(&mut self, exprs: impl IntoIterator<Item = &'t Expr>) {
        self.pending.extend(exprs.into_iter().map(Node::Expr));
    }

    /// A relation by the name that PostgreSQL will look up. A query is visited before what is in
    /// it, so the WITH queries that the name may mean are known.
    pub(super) fn relation(&self, schema: Option<&str>, name: &str) -> Accepted {
        let objection = match schema {
            None if self.with.contains(name) => self.catalog.name(None, name),
            _ => self.catalog.relation(schema, name),
        };
        objection.map_or(Ok(()), |reason| Err(Objection::to(reason, name)))
    }

    fn query(&mut self, query: &'t Query) -> Accepted {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if !locks.is_empty() {
            return Err(Reason::Locking.into());
        }
        require(for_clause.is_none() && settings.is_none() && format_clause.is_none())?;
        require(pipe_operators.is_empty())?;
        self.push(Node::Body(body));
        self.push_exprs(fetch.iter().filter_map(|fetch| fetch.quantity.as_ref()));
        with.iter().try_for_each(|with| self.with(with))?;
        order_by.iter().try_for_each(|order| self.order_by(order))?;
        limit_clause.iter().try_for_each(|limit| self.limit(limit))
    }

    fn with(&mut self, with: &'t With) -> Accepted {
        with.cte_tables.iter().try_for_each(|cte| {
            let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = cte;
            require(from.is_none())?;
            self.with.insert(&alias.name.value);
            self.push(Node::Query(query));
            Ok(())
        })
    }

    fn body(&mut self, body: &'t SetExpr) -> Accepted {
        match body {
            SetExpr::Select(select) => return self.select(select),
            SetExpr::Query(query) => self.push(Node::Query(query)),
            SetExpr::SetOperation { left, op: _, set_quantifier: _, right } => {
                self.push(Node::Body(right));
                self.push(Node::Body(left));
            }
            SetExpr::Values(values) => self.push_exprs(values.rows.iter().flat_map(|row| &**row)),
            SetExpr::Table(table) => {
                let name = table.table_name.as_deref().unwrap_or_default();
                return self.relation(table.schema_name.as_deref(), name);
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                return Err(Reason::WritingCte.into());
            }
        }
        Ok(())
    }

    fn select(&mut self, select: &'t Select) -> Accepted {
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        if into.is_some() {
            return Err(Reason::SelectInto.into());
        }
        require(select_modifiers.is_none() && top.is_none() && exclude.is_none())?;
        require(lateral_views.is_empty() && prewhere.is_none() && connect_by.is_empty())?;
        require(cluster_by.is_empty() && distribute_by.is_empty() && sort_by.is_empty())?;
        require(value_table_mode.is_none() && *flavor == SelectFlavor::Standard)?;
        require(qualify.is_none())?;
        if let Some(Distinct::On(exprs)) = distinct {
            self.push_exprs(exprs);
        }
        self.push_exprs(selection.iter().chain(having));
        self.pending.extend(from.iter().map(Node::Joined));
        projection.iter().try_for_each(|item| self.item(item))?;
        named_window.iter().try_for_each(|window| match &window.1 {
            NamedWindowExpr::NamedWindow(_) => Ok(()),
            NamedWindowExpr::WindowSpec(spec) => expression::window(self, spec),
        })?;
        self.group_by(group_by)
    }

    fn item(&mut self, item: &'t SelectItem) -> Accepted {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                self.push_expr(expr);
                Ok(())
            }
            SelectItem::Wildcard(options) => wildcard(options),
            SelectItem::QualifiedWildcard(of, options) => {
                if let SelectItemQualifiedWildcardKind::Expr(expr) = of {
                    self.push_expr(expr);
                }
                wildcard(options)
            }
            SelectItem::ExprWithAliases { .. } => refuse(),
        }
    }

    fn group_by(&mut self, group_by: &'t GroupByExpr) -> Accepted {
        let modifiers = match group_by {
            GroupByExpr::All(modifiers) => modifiers,
            GroupByExpr::Expressions(exprs, modifiers) => {
                self.push_exprs(exprs);
                modifiers
            }
        };
        for modifier in modifiers {
            if let GroupByWithModifier::GroupingSets(expr) = modifier {
                self.push_expr(expr);
            }
        }
        Ok(())
    }

    fn order_by(&mut self, order_by: &'t OrderBy) -> Accepted {
        require(order_by.interpolate.is_none())?;
        match &order_by.kind {
            OrderByKind::Expressions(exprs) => self.sorted(exprs),
            OrderByKind::All(_) => refuse(),
        }
    }

    /// What a list after ORDER BY sorts by.
    pub(super) fn sorted(&mut self, exprs: &'t [OrderByExpr]) -> Accepted {
        exprs.iter().try_for_each(|OrderByExpr { expr, options: _, with_fill }| {
            self.push_expr(expr);
            require(with_fill.is_none())
        })
    }

    fn limit(&mut self, limit: &'t LimitClause) -> Accepted {
        match limit {
            LimitClause::LimitOffset { limit, offset, limit_by } => {
                self.push_exprs(limit.iter().chain(offset.iter().map(|offset| &offset.value)));
                require(limit_by.is_empty())
            }
            LimitClause::OffsetCommaLimit { .. } => refuse(),
        }
    }
}

/// `*` as PostgreSQL has it, without other dialects' additions.
pub(super) fn wildcard(options: &WildcardAdditionalOptions) -> Accepted {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias: _,
    } = options;
    require(opt_ilike.is_none() && opt_exclude.is_none() && opt_except.is_none())?;
    require(opt_replace.is_none() && opt_rename.is_none())
}
