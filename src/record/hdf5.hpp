#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace qhn {

/// An HDF5 identifier, closed at the end of its scope. Throws RunError with HDF5's reason if the
/// call that made it failed.
class H5Id {
 public:
  H5Id(hid_t id, herr_t (*close)(hid_t), const std::string& what);
  ~H5Id() {
    if (id_ >= 0) close_(id_);
  }
  H5Id(H5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  H5Id(const H5Id&) = delete;
  H5Id& operator=(const H5Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Throws RunError with HDF5's reason if an HDF5 call failed.
void h5_check(herr_t result, const std::string& what);

/// The HDF5 type of a C++ number.
template <class T>
hid_t h5_type();
template <>
hid_t h5_type<double>();
template <>
hid_t h5_type<float>();
template <>
hid_t h5_type<std::int32_t>();
template <>
hid_t h5_type<std::uint64_t>();
template <>
hid_t h5_type<std::uint8_t>();

/// Switches HDF5's own error output off for its lifetime; errors are exceptions here.
class H5Quiet {
 public:
  H5Quiet();
  ~H5Quiet();

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Creates an empty HDF5 file at `path`, replacing an old one, without the locks that some shared
/// file systems lack.
H5Id create_hdf5(const std::string& path);

/// Opens a file for reading, without such locks. Readers allocate at most what the file can expand
/// to: a forged size is an error.
H5Id open_hdf5(const std::string& path);

// Attributes of `object`.
std::vector<std::string> attribute_names(hid_t object);
void write_attribute(hid_t object, const std::string& name, const std::string& value);
template <class T>
void write_attribute(hid_t object, const std::string& name, T value);
std::string read_text_attribute(hid_t object, const std::string& name);
template <class T>
T read_attribute(hid_t object, const std::string& name);

// Datasets of one dimension.
template <class T>
void write_dataset(hid_t group, const std::string& name, const std::vector<T>& values,
                   const std::string& unit = "");

/// Creates a dataset to be written some rows at a time: `type` as in memory; `columns` 0: one
/// dimension, else values are rows × columns, row after row.
H5Id create_dataset(hid_t group, const std::string& name, hid_t type, std::size_t rows,
                    std::size_t columns = 0);
/// Writes rows `first`, first + 1, … of such a dataset: `values` holds `rows` × columns.
void write_rows(hid_t dataset, hid_t type, std::size_t first, std::size_t rows, const void* values);
/// The type of a text of `length` bytes.
H5Id h5_text_type(std::size_t length);

/// A range of the rows of a dataset that has `total` of them.
struct RowRange {
  std::size_t first = 0, count = 0, total = 0;
};
/// Reads these rows, one after the other; `columns` as above. Throws RunError if the dataset has
/// another shape.
template <class T>
std::vector<T> read_rows(hid_t group, const std::string& name, const RowRange& rows,
                         std::size_t columns = 0);
std::vector<std::string> read_text_rows(hid_t group, const std::string& name, const RowRange& rows);
/// The same for an enumeration of one-byte values.
std::vector<std::uint8_t> read_enum_rows(hid_t group, const std::string& name,
                                         const RowRange& rows);
std::size_t count_rows(hid_t group, const std::string& name);
std::size_t count_columns(hid_t group, const std::string& name);  ///< 0: one dimension

void write_texts(hid_t group, const std::string& name, const std::vector<std::string>& values);
void write_text(hid_t group, const std::string& name, const std::string& value);
template <class T>
std::vector<T> read_dataset(hid_t group, const std::string& name);
std::vector<std::string> read_texts(hid_t group, const std::string& name);
std::string read_text(hid_t group, const std::string& name);
bool has_link(hid_t group, const std::string& name);

// Groups.
H5Id create_group(hid_t parent, const std::string& name);
H5Id open_group(hid_t parent, const std::string& name);

}  // namespace qhn
