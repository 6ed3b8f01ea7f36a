//! A store in memory that fails when a test wants it to.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::stream::{BoxStream, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// The store.
#[derive(Debug)]
pub(super) struct Failing {
    inner: InMemory,
    /// Writes that are still allowed.
    left: AtomicUsize,
    written: Mutex<Vec<String>>,
    /// What another writer changes just before it is written.
    overtaken: Mutex<Option<String>>,
    /// What is taken and not kept.
    lost: Mutex<Option<String>>,
}

impl Failing {
    pub(super) fn new() -> Self {
        Self {
            inner: InMemory::new(),
            left: AtomicUsize::new(usize::MAX),
            written: Mutex::default(),
            overtaken: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    /// From now on so many writes succeed.
    pub(super) fn allow(&self, writes: usize) {
        self.left.store(writes, Ordering::SeqCst);
    }

    pub(super) fn overtake_at(&self, path: String) {
        *self.overtaken.lock().unwrap() = Some(path);
    }

    pub(super) fn lose(&self, path: String) {
        *self.lost.lock().unwrap() = Some(path);
    }

    pub(super) fn writes_of(&self, path: &str) -> usize {
        self.written.lock().unwrap().iter().filter(|written| *written == path).count()
    }

    pub(super) async fn paths(&self) -> Vec<String> {
        self.inner.list(None).map_ok(|object| object.location.to_string()).try_collect().await.unwrap()
    }

    fn write(&self, location: &Path) -> Result<()> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        taken.map_err(|_| Error::Generic { store: "failing", source: "the line is cut".into() })?;
        self.written.lock().unwrap().push(location.to_string());
        Ok(())
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failing")
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.write(location)?;
        let overtaken = self.overtaken.lock().unwrap().take_if(|path| *path == location.as_ref());
        if overtaken.is_some() {
            self.inner.put(location, PutPayload::from_static(b"{}")).await?;
        }
        let put = self.inner.put_opts(location, payload, options).await?;
        let lost = self.lost.lock().unwrap().take_if(|path| *path == location.as_ref());
        if lost.is_some() {
            self.inner.delete(location).await?;
        }
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.write(location)?;
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
