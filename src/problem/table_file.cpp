#include "problem/table_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/damaged_file.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "core/sha256.hpp"
#include "problem/data.hpp"
#include "problem/npy.hpp"
#include "problem/text.hpp"

namespace qhn {

class TableFile::Format {
 public:
  virtual ~Format() = default;
  virtual Index size() const = 0;
  virtual void read(Index first, std::span<double> out) = 0;
};

/// One number per line; blank lines may follow the last.
class TableFile::Text : public TableFile::Format {
 public:
  explicit Text(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    check_begin();
    std::string text;
    Index blank = 0;  // the first of the blank lines just read, counted from 1
    std::streamoff offset = 0;
    for (Index line = 1; std::getline(file_, text); ++line) {
      if (number_of(line, text).empty()) {
        if (blank == 0) blank = line;
      } else {
        if (blank > 0) finite_number(path_, blank, "");
        finite_number(path_, line, number_of(line, text));
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
      out[i] = finite_number(path_, first + i + 1, number_of(first + i + 1, text));
    }
  }

 private:
  /// Rejects files that are not text, by their first bytes.
  void check_begin() {
    std::string begin(4096, '\0');
    file_.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    begin.resize(static_cast<std::size_t>(file_.gcount()));
    const char* what = begin.starts_with("PK\x03\x04") ? "a zip archive (.npz?)"
                       : begin.starts_with("\x1F\x8B") ? "compressed with gzip"
                       : begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF")
                           ? "UTF-16 text"
                       : begin.find('\0') != std::string::npos ? "a binary file"
                                                               : nullptr;
    if (what)
      throw InputError(fmt::format(
          "{}: {}; allowed: UTF-8 text with one number a line, HDF5, or .npy", path_, what));
    file_.clear();
    file_.seekg(0);
  }

  /// The content of a line without blanks and byte order mark.
  static std::string_view number_of(Index line, std::string_view text) {
    if (line == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    return trim(text);
  }

  static constexpr Index stride = 4096;
  std::string path_;
  std::ifstream file_;
  Index size_ = 0;
  std::vector<std::streamoff> offsets_;  // of lines 0, stride, 2·stride, …
};

namespace {

/// Switches HDF5's own error output off for its lifetime; qhn prints the errors.
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

/// Calls see(first, part) for consecutive parts of `size` numbers that fit memory.
template <class See>
void for_each_part(Index size, const See& see) {
  std::vector<double> part;
  for (Index first = 0; first < size; first += part.size()) {
    part.resize(std::min<Index>(size - first, Index{1} << 17));
    see(first, std::span(part));
  }
}

/// The reason that the innermost function of HDF5 gave for the last failure.
std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
        if (n == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason.empty() ? "no reason given" : reason;
}

}  // namespace

class TableFile::Npy : public TableFile::Format {
 public:
  explicit Npy(const std::string& path) : file_(path) {}
  Index size() const override { return file_.size(); }
  void read(Index first, std::span<double> out) override { file_.read(first, out); }

 private:
  NpyFile file_;
};

class TableFile::Hdf5 : public TableFile::Format {
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

 public:
  explicit Hdf5(const std::string& path)
      : path_(path),
        file_(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose),
        set_(file_.id < 0 ? -1 : H5Dopen2(file_.id, "costs", H5P_DEFAULT), H5Dclose),
        space_(set_.id < 0 ? -1 : H5Dget_space(set_.id), H5Sclose) {
    if (file_.id < 0) {
      const std::string reason = hdf5_reason();
      if (reason.find("unable to lock") != std::string::npos)
        fail(
            fmt::format("locked: another program has it open for writing; close it there, or set "
                        "HDF5_USE_FILE_LOCKING=FALSE (HDF5: {})",
                        reason));
      fail("a damaged HDF5 file, or one still being written (HDF5: " + reason + ")");
    }
    if (set_.id < 0) fail_without_dataset(hdf5_reason());
    check_shape();
    check_type();
    check_storage();
  }

  Index size() const override {
    return static_cast<Index>(H5Sget_simple_extent_npoints(space_.id));
  }

  /// Entries that can exist: gzip expands a byte to at most 1032, so a larger size is forged.
  Index size_tried() const {
    const hsize_t stored = H5Dget_storage_size(set_.id);
    return stored > (Index{1} << 50) ? size() : std::min<Index>(size(), 1032 * (stored + 1));
  }

  void read(Index first, std::span<double> out) override {
    const Quiet quiet;
    const hsize_t start = first, count = out.size();
    const Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space_.id, H5S_SELECT_SET, &start, nullptr, &count, nullptr) < 0 ||
        H5Dread(set_.id, H5T_NATIVE_DOUBLE, memory.id, space_.id, H5P_DEFAULT, out.data()) < 0)
      fail("dataset 'costs' cannot be read (HDF5: " + hdf5_reason() + ")");
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!std::isfinite(out[i]))
        throw InputError(fmt::format("{}: costs[{}] is not a finite number", path_, first + i));
      if (integers_ && std::abs(out[i]) >= 0x1p53)
        throw InputError(
            fmt::format("{}: costs[{}] is 2^53 or more, which a double does not hold exactly",
                        path_, first + i));
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", path_, what));
  }

  [[noreturn]] void fail_without_dataset(const std::string& reason) const {
    H5L_info_t link;
    if (H5Lexists(file_.id, "costs", H5P_DEFAULT) <= 0 ||
        H5Lget_info(file_.id, "costs", &link, H5P_DEFAULT) < 0)
      fail("an HDF5 file without a dataset 'costs'");
    if (link.type == H5L_TYPE_HARD)
      fail("'costs' is not a dataset that can be opened (HDF5: " + reason + ")");
    std::vector<char> value(link.u.val_size + 1, '\0');
    H5Lget_val(file_.id, "costs", value.data(), link.u.val_size, H5P_DEFAULT);
    if (link.type == H5L_TYPE_SOFT)
      fail(fmt::format("'costs' is a link to '{}', which does not exist", value.data()));
    unsigned flags = 0;
    const char *file = "?", *object = "?";
    H5Lunpack_elink_val(value.data(), link.u.val_size, &flags, &file, &object);
    fail(fmt::format("'costs' is a link to '{}' in file '{}', which cannot be opened", object,
                     file));
  }

  void check_shape() const {
    const int rank = H5Sget_simple_extent_ndims(space_.id);
    if (rank == 1) return;
    std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(rank, 0)));
    H5Sget_simple_extent_dims(space_.id, sizes.data(), nullptr);
    fail(rank == 0 ? std::string("dataset 'costs' is a single value; allowed: one dimension")
                   : fmt::format("dataset 'costs' has shape {}; allowed: one dimension",
                                 fmt::join(sizes, " x ")));
  }

  void check_type() {
    const Handle type(H5Dget_type(set_.id), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type.id);
    integers_ = kind == H5T_INTEGER;
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
      fail(fmt::format("dataset 'costs' holds {}; allowed: floating-point numbers or integers",
                       kind == H5T_STRING     ? "strings"
                       : kind == H5T_COMPOUND ? "compound values (complex numbers?)"
                       : kind == H5T_ENUM     ? "enumerated values (booleans?)"
                                              : "values that are not numbers"));
  }

  /// Rejects datasets that HDF5 cannot read or would complete with fill values.
  void check_storage() const {
    const Handle plan(H5Dget_create_plist(set_.id), H5Pclose);
    if (H5Pget_layout(plan.id) == H5D_VIRTUAL)
      fail("dataset 'costs' is virtual; allowed: a dataset that holds its numbers");
    for (int i = 0; i < H5Pget_nfilters(plan.id); ++i) {
      unsigned flags = 0, config = 0;
      std::size_t values = 0;
      char name[64] = {};
      const H5Z_filter_t filter = H5Pget_filter2(plan.id, static_cast<unsigned>(i), &flags, &values,
                                                 nullptr, sizeof name - 1, name, &config);
      if (H5Zfilter_avail(filter) <= 0)
        fail(
            fmt::format("dataset 'costs' is compressed with '{}' (filter {}), which this HDF5 "
                        "lacks; allowed: gzip or none (h5repack -f GZIP=4)",
                        name, static_cast<int>(filter)));
    }
    if (size() == 0 || H5Pget_external_count(plan.id) > 0) return;
    H5D_space_status_t status = H5D_SPACE_STATUS_ALLOCATED;
    if (H5Dget_space_status(set_.id, &status) < 0) return;
    bool partly = status == H5D_SPACE_STATUS_PART_ALLOCATED;
    if (H5Pget_layout(plan.id) == H5D_CHUNKED && status != H5D_SPACE_STATUS_NOT_ALLOCATED)
      partly = count_chunks() < chunks_needed(plan.id);  // compressed ones are small
    if (partly || status == H5D_SPACE_STATUS_NOT_ALLOCATED)
      fail(fmt::format("dataset 'costs' of {} numbers was {}", size(),
                       partly ? "written in part only" : "never written"));
  }

  hsize_t count_chunks() const {
    hsize_t chunks = 0;
    return H5Dget_num_chunks(set_.id, space_.id, &chunks) < 0 ? 0 : chunks;
  }
  hsize_t chunks_needed(hid_t plan) const {
    hsize_t length = 1;
    H5Pget_chunk(plan, 1, &length);
    length = std::max<hsize_t>(length, 1);
    return (size() + length - 1) / length;
  }

  std::string path_;
  Handle file_, set_, space_;
  bool integers_ = false;
};

TableFile::TableFile(const std::string& path) : path_(path) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(
        fmt::format("{}: no such cost table{}", path,
                    std::filesystem::exists(path) ? ": not a regular file" : where_looked(path)));
  const Quiet quiet;
  if (H5Fis_hdf5(path.c_str()) > 0) {
    refuse_damaged(path, [&](const auto& go_on) {
      Hdf5 table(path);
      for_each_part(table.size_tried(), [&](Index first, std::span<double> part) {
        go_on();
        table.read(first, part);
      });
    });
    format_ = std::make_unique<Hdf5>(path);
  } else if (NpyFile::is_npy(path)) {
    format_ = std::make_unique<Npy>(path);
  } else {
    format_ = std::make_unique<Text>(path);
  }
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
  for_each_part(size_, [&](Index first, std::span<double> part) {
    read(first, part);
    hash.add(part);
  });
  return hash.hex();
}

}  // namespace qhn
