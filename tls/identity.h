#pragma once

// Certificates and keys, from files into a context. Errors are InvalidArgument, and name the file,
// what is wrong with it and what to do.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/ssl/context.hpp>
#include <string>

namespace xref {

// By what one end of a connection proves who it is: PEM files.
struct TlsIdentity {
  std::string certificate;  // its own, then those between it and the CA
  std::string key;          // of the first certificate, not encrypted
};

// Loads the files and checks that they belong together and are valid today.
absl::Status UseIdentity(const TlsIdentity& identity, boost::asio::ssl::context& context);

// Trusts the certificates in this PEM file, and no others.
absl::Status TrustCas(const std::string& file, boost::asio::ssl::context& context);

// What both ends of every connection have in common: TLS 1.2 or later, ciphers with forward secrecy
// that authenticate what they hide, no compression, no renegotiation.
void UseModernTls(boost::asio::ssl::context& context);

// Of the certificate that the context proves itself by, for a log: whose it is, and until when.
std::string DescribeIdentity(boost::asio::ssl::context& context);

}  // namespace xref
