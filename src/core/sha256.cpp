#include "core/sha256.hpp"

#include <openssl/evp.h>

#include <bit>
#include <fstream>
#include <memory>
#include <vector>

#include "core/error.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes are of little-endian doubles");

void check(bool good) {
  if (!good) throw RunError("OpenSSL cannot compute SHA-256");
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check(context_->md && EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::add(const void* bytes, std::size_t size) {
  check(EVP_DigestUpdate(context_->md, bytes, size));
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context_->md, digest, &size));
  std::string text;
  for (unsigned i = 0; i < size; ++i)
    for (const int nibble : {digest[i] >> 4, digest[i] & 15}) text += "0123456789abcdef"[nibble];
  return text;
}

std::string sha256(std::span<const double> numbers) {
  Sha256 hash;
  hash.add(numbers);
  return hash.hex();
}

std::string sha256(const std::string& text) {
  Sha256 hash;
  hash.add(text.data(), text.size());
  return hash.hex();
}

std::string sha256_of_file(const std::string& path) {
  Sha256 hash;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  while (file) {
    file.read(part.data(), static_cast<std::streamsize>(part.size()));
    hash.add(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof()) throw InputError(path + ": cannot be read" + where_looked(path));
  return hash.hex();
}

}  // namespace qhn
