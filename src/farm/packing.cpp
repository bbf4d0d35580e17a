#include "farm/packing.hpp"

#include <cstring>
#include <type_traits>

#include "core/error.hpp"

namespace qhn {
namespace {

// One list of fields serves both directions.
template <class Archive, class Record>
void visit(Archive& archive, Record& r) {
  archive(r.result.id, r.result.seed, r.result.status, r.result.expectation, r.result.gap,
          r.result.gradient_norm, r.result.iterations, r.result.evaluations, r.result.best_string,
          r.result.best_probability, r.result.best_cost, r.result.expectation_crossings,
          r.result.string_crossings, r.result.angles, r.cost.seconds, r.cost.cpu_seconds,
          r.cost.joules, r.cost.host);
}

class Writer {
 public:
  explicit Writer(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  template <class... T>
  void operator()(const T&... fields) {
    (field(fields), ...);
  }

 private:
  template <class T>
  void field(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      raw(&value, sizeof(T));
    } else {
      field(value.size());
      raw(value.data(), value.size() * sizeof(value[0]));
    }
  }
  void raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::vector<std::byte>& bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  template <class... T>
  void operator()(T&... fields) {
    (field(fields), ...);
  }

 private:
  template <class T>
  void field(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      raw(&value, sizeof(T));
    } else {
      std::size_t size = 0;
      field(size);
      if (size > bytes_.size()) throw RunError("a message of restart records is damaged");
      value.resize(size);
      raw(value.data(), size * sizeof(value[0]));
    }
  }
  void raw(void* data, std::size_t size) {
    if (size > bytes_.size()) throw RunError("a message of restart records is damaged");
    if (size > 0) std::memcpy(data, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }
  std::span<const std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> pack(std::span<const RestartRecord> records) {
  std::vector<std::byte> bytes;
  Writer writer(bytes);
  for (const RestartRecord& record : records) visit(writer, record);
  return bytes;
}

std::vector<RestartRecord> unpack(std::span<const std::byte> bytes) {
  std::vector<RestartRecord> records;
  Reader reader(bytes);
  while (!reader.done()) visit(reader, records.emplace_back());
  return records;
}

}  // namespace qhn
