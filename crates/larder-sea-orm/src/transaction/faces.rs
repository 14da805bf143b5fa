//! What SeaORM sees of a transaction.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult,
    Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};

use super::CachedTransaction;
use crate::connection::RowStream;
use crate::write::{How, Intent};

#[async_trait]
impl ConnectionTrait for CachedTransaction {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.engine.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run(statement, How::Execute).await?.executed())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let backend = self.shared.engine.backend();
        let statement = Statement::from_string(backend, sql);
        Ok(self.run(statement, How::ExecuteText).await?.executed())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run(statement, How::QueryOne).await?.one())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run(statement, How::QueryAll).await?.all())
    }

    fn support_returning(&self) -> bool {
        self.inner().support_returning()
    }
}

impl StreamTrait for CachedTransaction {
    type Stream<'a> = RowStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        self.shared.engine.backend()
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<RowStream<'a>, DbErr>> + Send + 'a>> {
        Box::pin(async move {
            let schema = self.shared.schema();
            if let Intent::Read = Intent::of(&self.shared, &schema, &statement.sql) {
                self.shared.count(1);
                let rows = self.inner().stream_raw(statement).await;
                self.read_failed(rows.is_err());
                return Ok(rows?.inspect(|row| self.read_failed(row.is_err())).boxed());
            }
            let rows = self.run(statement, How::QueryAll).await?.all();
            Ok(futures_util::stream::iter(rows.into_iter().map(Ok)).boxed())
        })
    }
}

#[async_trait]
impl TransactionTrait for CachedTransaction {
    type Transaction = CachedTransaction;

    async fn begin(&self) -> Result<CachedTransaction, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<CachedTransaction, DbErr> {
        self.begin_with_options(TransactionOptions {
            isolation_level,
            access_mode,
            ..Default::default()
        })
        .await
    }

    /// A savepoint.
    async fn begin_with_options(
        &self,
        options: TransactionOptions,
    ) -> Result<CachedTransaction, DbErr> {
        self.shared.count(1);
        let inner = self.inner().begin_with_options(options).await?;
        Ok(CachedTransaction {
            inner: Some(inner),
            shared: self.shared.clone(),
            pending: self.pending.clone(),
            level: self.level + 1,
        })
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c CachedTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.transaction_with_config(callback, None, None).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c CachedTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let savepoint = self
            .begin_with_config(isolation_level, access_mode)
            .await
            .map_err(TransactionError::Connection)?;
        savepoint.run_callback(callback).await
    }
}
