/* Sockets, TLS, polling (Modules/socketmodule.c, Modules/_ssl.c, Modules/selectmodule.c). What
 * OpenSSL allocates is nobody's here. */
#include "introspect/objects/fields.h"

static void add_descriptor(struct strbuf *out, int64_t descriptor) {
    if (descriptor < 0)
        strbuf_puts(out, "closed");
    else
        strbuf_printf(out, "fd %lld", (long long)descriptor);
}

STRUCTURE_SIZE(socket_object);

static void socket_object_preview(struct decode *decode, const struct object *object,
                                  struct strbuf *out) {
    add_descriptor(out, object_signed(object, decode->layout->socket_object.sock_fd));
}

static const struct decoder socket_object_decoder = {
    .name = "socket_object",
    .types = TYPES("_socket.socket"),
    .least_size = socket_object_least_size,
    .preview = socket_object_preview,
};

/* ---- select ---------------------------------------------------------------------------------- */

FIELDS(select_poll, OWNS(select_poll, dict, REFERENCE_UNTRAVERSED, "->dict"));

static void select_poll_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    enum { POLLFD_SIZE = 8 }; /* struct pollfd: int and two shorts */
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->select_poll.ufds),
                     object_unsigned(object, layout->select_poll.ufd_len), POLLFD_SIZE, "poll");
}

static const struct decoder select_poll_decoder = {
    .name = "select_poll",
    .types = TYPES("select.poll"),
    .least_size = select_poll_least_size,
    .references = select_poll_references,
    .measure = select_poll_measure,
};

STRUCTURE_SIZE(select_epoll);

static void select_epoll_preview(struct decode *decode, const struct object *object,
                                 struct strbuf *out) {
    add_descriptor(out, object_signed(object, decode->layout->select_epoll.epfd));
}

static const struct decoder select_epoll_decoder = {
    .name = "select_epoll",
    .types = TYPES("select.epoll"),
    .least_size = select_epoll_least_size,
    .preview = select_epoll_preview,
};

/* ---- ssl: contexts and sockets visit little of what they own --------------------------------- */

FIELDS(ssl_context, OWNS(ssl_context, set_sni_cb, REFERENCE_STRONG, ".sni_callback"),
       OWNS(ssl_context, msg_cb, REFERENCE_STRONG, "._msg_callback"),
       OWNS(ssl_context, keylog_filename, REFERENCE_UNTRAVERSED, ".keylog_filename"),
       OWNS(ssl_context, psk_client_callback, REFERENCE_UNTRAVERSED, "->psk_client_callback"),
       OWNS(ssl_context, psk_server_callback, REFERENCE_UNTRAVERSED, "->psk_server_callback"));

static void ssl_context_measure(struct decode *decode, const struct object *object,
                                struct measure *measure) {
    (void)measure;
    const struct layout *layout = decode->layout;
    buffer_add_array(decode, object_pointer(object, layout->ssl_context.alpn_protocols),
                     object_unsigned(object, layout->ssl_context.alpn_protocols_len), 1,
                     "SSLContext");
}

static const struct decoder ssl_context_decoder = {
    .name = "ssl_context",
    .types = TYPES("_ssl._SSLContext"),
    .least_size = ssl_context_least_size,
    .references = ssl_context_references,
    .measure = ssl_context_measure,
};

/* `Socket` and `owner` are weak references, which it owns. */
FIELDS_DECODER(ssl_socket, TYPES("_ssl._SSLSocket"),
               OWNS(ssl_socket, socket, REFERENCE_UNTRAVERSED, "->Socket"),
               OWNS(ssl_socket, ctx, REFERENCE_UNTRAVERSED, ".context"),
               OWNS(ssl_socket, owner, REFERENCE_UNTRAVERSED, "->owner"),
               OWNS(ssl_socket, server_hostname, REFERENCE_UNTRAVERSED, ".server_hostname"),
               OWNS(ssl_socket, exc_type, REFERENCE_STRONG, "->exc_type"),
               OWNS(ssl_socket, exc_value, REFERENCE_STRONG, "->exc_value"),
               OWNS(ssl_socket, exc_tb, REFERENCE_STRONG, "->exc_tb"),
               OWNS(ssl_socket, exc, REFERENCE_STRONG, "->exc"));

PLAIN_DECODER(ssl_memory_bio, TYPES("_ssl.MemoryBIO"), NULL);

FIELDS_DECODER(ssl_session, TYPES("_ssl.SSLSession", "_ssl.Session"),
               OWNS(ssl_session, ctx, REFERENCE_STRONG, "->ctx"));

PLAIN_DECODER(ssl_certificate, TYPES("_ssl.Certificate"), NULL);

extern const struct decoder *const socket_decoders[];
const struct decoder *const socket_decoders[] = {
    &socket_object_decoder, &select_poll_decoder,     &select_epoll_decoder,
    &ssl_context_decoder,   &ssl_socket_decoder,      &ssl_memory_bio_decoder,
    &ssl_session_decoder,   &ssl_certificate_decoder, NULL,
};
