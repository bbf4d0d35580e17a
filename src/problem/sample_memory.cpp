#include "problem/sample_memory.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/aligned.hpp"
#include "problem/network.hpp"

namespace qhn {
namespace {

/// Bytes of a file after unpacking: .gz files store them, modulo 2^32, in their last four bytes.
double unpacked_bytes(const std::string& path) {
  std::error_code error;
  const double size = static_cast<double>(std::filesystem::file_size(path, error));
  if (error) return 0.0;
  std::ifstream file(path, std::ios::binary);
  unsigned char magic[2] = {}, last[4] = {};
  file.read(reinterpret_cast<char*>(magic), 2);
  if (size < 18 || magic[0] != 0x1f || magic[1] != 0x8b) return size;
  file.seekg(-4, std::ios::end);
  file.read(reinterpret_cast<char*>(last), 4);
  double unpacked = 0.0;
  for (int i = 3; i >= 0; --i) unpacked = 256.0 * unpacked + last[i];
  return std::max(unpacked, size);
}

/// Numbers in a text file, estimated from its first MiB.
double count_numbers(const std::string& path, double unpacked) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> part(1 << 20);
  file.read(part.data(), static_cast<std::streamsize>(part.size()));
  part.resize(static_cast<std::size_t>(file.gcount()));
  if (part.size() < 2) return 0.0;
  if (static_cast<unsigned char>(part[0]) == 0x1f) return unpacked / 2.0;  // gzip: at most
  const auto ends = std::count_if(part.begin(), part.end(), [](char c) {
    return c == ',' || c == ';' || c == '\t' || c == '\n';
  });
  return static_cast<double>(ends + 1) * unpacked / static_cast<double>(part.size());
}

}  // namespace

std::shared_ptr<void> SampleMemory::place(std::size_t bytes,
                                          const std::function<void(void*)>& fill) {
  const std::shared_ptr<void> owner(allocate_aligned(bytes),
                                    [bytes](void* p) { free_aligned(p, bytes); });
  std::memset(owner.get(), 0, bytes);
  fill(owner.get());
  return owner;
}

DataBytes estimate_data_bytes(const ProblemOptions& options) {
  constexpr double number = sizeof(double);
  DataBytes bytes;
  switch (options.kind) {
    case ProblemKind::gaussian: {
      const double samples = double(options.train_samples) + double(options.test_samples);
      bytes.held = samples * (2 * number + 1);
      break;
    }
    case ProblemKind::csv:
      for (const std::string& path : input_files(options)) {
        const double text = unpacked_bytes(path);
        bytes.held += number * count_numbers(path, text);
        bytes.loading = std::max(bytes.loading, text);
      }
      break;
    case ProblemKind::images:
      for (const std::string& path : input_files(options)) {
        const double pixels = unpacked_bytes(path);
        bytes.loading = std::max(bytes.loading, 2 * pixels);  // vectors grow by doubling
        // Assumes images of 28 × 28 bytes, as in all common sets; labels are negligible.
        bytes.held += number * pixels / (28 * 28) * options.side * options.side;
      }
      break;
    case ProblemKind::table:
    case ProblemKind::synthetic:
      return bytes;
  }
  bytes.loading += 2 * bytes.held;
  return bytes;
}

double data_bytes(const ProblemOptions& options, int inputs, std::size_t train, std::size_t test) {
  if (train == 0) return 0.0;
  const auto of_samples = [](std::size_t samples, double bytes) {
    return static_cast<double>(samples) * bytes;
  };
  const Network network(options, inputs);
  const FixedNetwork fixed = network.resolve(0);
  // Per choice: a logistic network holds both terms of every bit; hidden units hold the samples
  // again, a sign, and a bias for either value.
  const double each = fixed.kind == NetworkKind::logistic ? 2.0 * fixed.bits() : inputs + 3.0;
  const double sample = 8.0 * inputs + 1.0;
  return of_samples(train, sample + std::ldexp(8.0 * each, network.choice_bits())) +
         of_samples(test, sample);
}

}  // namespace qhn
