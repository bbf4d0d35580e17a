#include "problem/table_file.hpp"

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "problem/data.hpp"

namespace qhn {

class TableFile::Format {
 public:
  virtual ~Format() = default;
  virtual Index size() const = 0;
  virtual void read(Index first, std::span<double> out) = 0;
};

/// One number a line; blank lines may follow the last.
class TableFile::Text : public TableFile::Format {
 public:
  explicit Text(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    std::string text;
    Index blank = 0;  // the first of the blank lines just read, counted from 1
    std::streamoff offset = 0;
    for (Index line = 1; std::getline(file_, text); ++line) {
      if (trim(text).empty()) {
        if (blank == 0) blank = line;
      } else {
        if (blank > 0) finite_number(path_, blank, "");
        finite_number(path_, line, trim(text));
        if (size_ % stride == 0) offsets_.push_back(offset);
        ++size_;
      }
      offset += static_cast<std::streamoff>(text.size()) + 1;
    }
    if (!file_.eof()) throw InputError(path_ + ": this cost table cannot be read");
  }

  Index size() const override { return size_; }

  void read(Index first, std::span<double> out) override {
    file_.clear();
    file_.seekg(offsets_.at(first / stride));
    std::string text;
    for (Index line = first / stride * stride; line < first; ++line) std::getline(file_, text);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!std::getline(file_, text)) throw InputError(path_ + ": has changed while it was read");
      out[i] = finite_number(path_, first + i + 1, trim(text));
    }
  }

 private:
  static constexpr Index stride = 4096;
  std::string path_;
  std::ifstream file_;
  Index size_ = 0;
  std::vector<std::streamoff> offsets_;  // of lines 0, stride, 2·stride, …
};

namespace {

/// Closes what an H5 call opened.
struct Handle {
  hid_t id;
  herr_t (*close)(hid_t);
  Handle(hid_t id_, herr_t (*close_)(hid_t)) : id(id_), close(close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id >= 0) close(id);
  }
};

/// Silences the library for its lifetime: the messages are ours.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace

class TableFile::Hdf5 : public TableFile::Format {
 public:
  explicit Hdf5(const std::string& path)
      : path_(path),
        file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose),
        set_(file_.id < 0 ? -1 : H5Dopen2(file_.id, "costs", H5P_DEFAULT), H5Dclose),
        space_(set_.id < 0 ? -1 : H5Dget_space(set_.id), H5Sclose) {
    if (file_.id < 0) fail("a damaged HDF5 file");
    if (set_.id < 0) fail("an HDF5 file without a dataset 'costs'");
    if (H5Sget_simple_extent_ndims(space_.id) != 1)
      fail("an HDF5 file whose dataset 'costs' is not one-dimensional");
  }

  Index size() const override {
    return static_cast<Index>(H5Sget_simple_extent_npoints(space_.id));
  }

  void read(Index first, std::span<double> out) override {
    const Quiet quiet;
    const hsize_t start = first, count = out.size();
    const Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space_.id, H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
        H5Dread(set_.id, H5T_NATIVE_DOUBLE, memory.id, space_.id, H5P_DEFAULT, out.data()) < 0)
      fail("an HDF5 file whose dataset 'costs' does not read as numbers");
    for (std::size_t i = 0; i < out.size(); ++i)
      if (!std::isfinite(out[i]))
        throw InputError(fmt::format("{}: costs[{}] is not a finite number", path_, first + i));
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw InputError(fmt::format("{}: {}", path_, what));
  }

  std::string path_;
  Handle file_, set_, space_;
};

TableFile::TableFile(const std::string& path) : path_(path) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("{}: no such cost table", path));
  const Quiet quiet;
  if (H5Fis_hdf5(path.c_str()) > 0)
    format_ = std::make_unique<Hdf5>(path);
  else
    format_ = std::make_unique<Text>(path);
  size_ = format_->size();
  if (size_ < 2 || !std::has_single_bit(size_))
    throw InputError(
        fmt::format("{}: {} numbers; a table has 2^N of them, N at least 1", path, size_));
}

TableFile::~TableFile() = default;

void TableFile::read(Index first, std::span<double> out) const {
  if (!out.empty()) format_->read(first, out);
}

std::string TableFile::sha256() const {
  Sha256 hash;
  std::vector<double> part;
  for (Index first = 0; first < size_; first += part.size()) {
    part.resize(std::min<Index>(size_ - first, Index{1} << 17));
    read(first, part);
    hash.add(part);
  }
  return hash.hex();
}

}  // namespace qhn
