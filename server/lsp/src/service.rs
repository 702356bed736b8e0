//! What stands between the transport and tower-lsp: messages are taken in the order of the wire, and the end of the
//! input is seen.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};
use tower_lsp::jsonrpc::{Request, Response};
use tower_service::Service;

use crate::Life;

/// Polls each message's handler once, at once. tower-lsp would poll it only when one of its slots is free, and so let a
/// `$/cancelRequest` wait behind the very requests that it cancels. As every handler sends its event before it awaits
/// anything, the main loop sees the events in the order of the wire.
pub(crate) struct InOrder<S> {
    inner: S,
    life: Arc<Life>,
}

impl<S> InOrder<S> {
    pub(crate) fn new(inner: S, life: Arc<Life>) -> InOrder<S> {
        InOrder { inner, life }
    }
}

type Reply<E> = Pin<Box<dyn Future<Output = Result<Option<Response>, E>> + Send>>;

impl<S> Service<Request> for InOrder<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Option<Response>;
    type Error = S::Error;
    type Future = Reply<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let exits = request.method() == "exit";
        let mut reply: Self::Future = Box::pin(self.inner.call(request));
        if exits {
            self.life.ending.notify_one();
        }
        // No wake-up is lost: a pending future is polled again by the transport, with its real waker.
        match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Box::pin(std::future::ready(result)),
            Poll::Pending => reply,
        }
    }
}

/// An input that tells when it has ended.
pub(crate) struct Watched<R> {
    inner: R,
    life: Arc<Life>,
}

impl<R> Watched<R> {
    pub(crate) fn new(inner: R, life: Arc<Life>) -> Watched<R> {
        Watched { inner, life }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        let poll = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(result) = &poll
            && room > 0
            && (result.is_err() || buf.filled().len() == before)
        {
            self.life.ending.notify_one();
        }
        poll
    }
}
