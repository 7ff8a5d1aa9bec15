//! Rows on their way to a client.

use super::error;
use super::tables::Table;
use super::value::{Kind, Row};
use crate::protocol::error_response::ErrorReport;
use bytes::BytesMut;
use futures::stream;
use pgwire::api::portal::Format;
use pgwire::api::results::{FieldFormat, FieldInfo, QueryResponse, Response};
use pgwire::messages::data::DataRow;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// Columns of an answer.
pub type Fields = Arc<[Field]>;

/// All columns of a table.
pub fn fields_of(table: &Table) -> Fields {
    let field =
        |column: &super::tables::Column| Field { name: column.name.into(), kind: column.kind };
    table.columns.iter().map(field).collect()
}

/// What a statement has come to, if it is rows.
#[derive(Debug)]
pub struct Answer {
    /// The command's name.
    pub tag: &'static str,
    /// The columns.
    pub fields: Fields,
    /// The rows.
    pub rows: Vec<Row>,
    /// The right to hold so many rows.
    pub large: Option<OwnedSemaphorePermit>,
}

/// The columns as they are announced, in the formats that the client asks for: one for each
/// column, one for all, or none for text.
///
/// # Errors
/// Another number of formats.
pub fn announced(fields: &Fields, formats: &Format) -> Result<Vec<FieldInfo>, ErrorReport> {
    if let Format::Individual(codes) = formats
        && codes.len() != fields.len()
    {
        let (formats, columns) = (codes.len(), fields.len());
        let what =
            format!("bind message has {formats} result formats but query has {columns} columns");
        return Err(error::violation(&what));
    }
    let info = |(at, field): (usize, &Field)| {
        let format = formats.format_for(at);
        FieldInfo::new(field.name.clone(), None, None, field.kind.wire(), format)
    };
    Ok(fields.iter().enumerate().map(info).collect())
}

impl Answer {
    /// As pgwire sends it: each row is encoded when there is room for it.
    ///
    /// # Errors
    /// The formats do not fit the columns.
    pub fn response(self, formats: &Format) -> Result<Response, ErrorReport> {
        let Answer { tag, fields, rows, large } = self;
        let infos = announced(&fields, formats)?;
        let columns: Vec<(Kind, bool)> = fields
            .iter()
            .zip(&infos)
            .map(|(field, info)| (field.kind, info.format() == FieldFormat::Binary))
            .collect();
        let encode = move |row: Row| {
            // The right to hold the rows ends with the last of them.
            let _held = &large;
            let mut out = BytesMut::with_capacity(32 * row.len());
            for (value, (kind, binary)) in row.iter().zip(&columns) {
                value.encode(*kind, *binary, &mut out);
            }
            Ok(DataRow::new(out, i16::try_from(columns.len()).unwrap_or(i16::MAX)))
        };
        let mut response =
            QueryResponse::new(Arc::new(infos), stream::iter(rows.into_iter().map(encode)));
        response.set_command_tag(tag);
        Ok(Response::Query(response))
    }
}
