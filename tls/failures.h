#pragma once

// Why TLS fails, in words for people.

#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>
#include <string>

namespace xref {

// As "2027-01-31 12:00:00 UTC".
std::string TextOf(const ASN1_TIME* time);

// Who a certificate is for: its names and addresses, or its subject where it has none.
std::string NamesOf(X509* certificate);

// Has every connection of the context that verifies its peer by `mode` (SSL_VERIFY_...) note why it
// rejects a certificate.
void NoteRejections(SSL_CTX* context, int mode);

// Why the peer's certificate was rejected; empty where it was not.
std::string RejectionOf(const SSL* ssl);

// What OpenSSL's error of a handshake or of a record means, e.g. "unsupported protocol". `error` is
// as from ERR_get_error.
std::string MeaningOf(const SSL* ssl, unsigned long error);

// The error that a stream of Asio's failed with, as ERR_get_error has it; 0 where it is another
// one.
unsigned long SslErrorOf(const boost::system::error_code& error);

}  // namespace xref
