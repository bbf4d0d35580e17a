#include <openssl/evp.h>

#include <bit>
#include <memory>

#include "core/error.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

static_assert(std::endian::native == std::endian::little, "hashes are of little-endian doubles");

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  }
  void add(std::span<const double> numbers) { add(numbers.data(), numbers.size_bytes()); }
  void add(const void* bytes, std::size_t size) {
    check(EVP_DigestUpdate(context_.get(), bytes, size));
  }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest, &size));
    std::string text;
    for (unsigned i = 0; i < size; ++i)
      for (const int nibble : {digest[i] >> 4, digest[i] & 15}) text += "0123456789abcdef"[nibble];
    return text;
  }

 private:
  static void check(bool good) {
    if (!good) throw RunError("OpenSSL does not offer SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

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

std::string sha256(const DataSet& data) {
  Sha256 hash;
  hash.add(data.features);
  hash.add(std::vector<double>(data.labels.begin(), data.labels.end()));
  return hash.hex();
}

}  // namespace qhn
