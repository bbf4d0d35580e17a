#include "record/hdf5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/error.hpp"

namespace qhn {
namespace {

// For error messages: "cannot read 'gap'".
std::string failure_to(const char* action, const std::string& name) {
  return fmt::format("cannot {} '{}'", action, name);
}

// How files are opened: without locks.
H5Id without_locks() {
  H5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot set up HDF5");
#if H5_VERSION_GE(1, 10, 7)
  h5_check(H5Pset_file_locking(access, false, true), "cannot set up HDF5");
#endif
  return access;
}

H5Id scalar() { return {H5Screate(H5S_SCALAR), H5Sclose, "cannot make a dataspace"}; }

// Opens an attribute; throws RunError unless it holds exactly one value.
H5Id open_attribute(hid_t object, const std::string& name) {
  H5Id attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose,
                 failure_to("read attribute", name));
  const H5Id space(H5Aget_space(attribute), H5Sclose, failure_to("read attribute", name));
  if (H5Sget_simple_extent_npoints(space) != 1)
    throw RunError(fmt::format("attribute '{}' does not hold one value", name));
  return attribute;
}

// The type of text attributes: plain text for readers in other languages.
H5Id variable_text_type() {
  H5Id type(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a text type");
  h5_check(H5Tset_size(type, H5T_VARIABLE), "cannot make a text type");
  h5_check(H5Tset_cset(type, H5T_CSET_UTF8), "cannot make a text type");
  return type;
}

std::string trimmed(std::string text) {
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

// The bytes of one or several fixed-length texts.
struct Texts {
  std::vector<char> bytes;
  std::size_t length;
};

std::vector<std::string> split(const Texts& texts) {
  std::vector<std::string> values;
  for (std::size_t at = 0; at < texts.bytes.size(); at += texts.length)
    values.push_back(trimmed({&texts.bytes[at], texts.length}));
  return values;
}

H5Id create_in(hid_t group, const std::string& name, hid_t type, hid_t space) {
  return {H5Dcreate2(group, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          H5Dclose, failure_to("write", name)};
}

void write_whole(hid_t dataset, const std::string& name, hid_t type, const void* values) {
  h5_check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values),
           failure_to("write", name));
}

H5Id open_dataset(hid_t group, const std::string& name) {
  return {H5Dopen2(group, name.c_str(), H5P_DEFAULT), H5Dclose, failure_to("open", name)};
}

// Throws RunError if `entries` of `size` bytes do not fit the size of the dataset's file: HDF5's
// filters expand a byte to at most 1032.
void check_size(hid_t dataset, const std::string& name, std::uint64_t entries, std::uint64_t size) {
  hsize_t file_size = 0;
  const H5Id file(H5Iget_file_id(dataset), H5Fclose, failure_to("read", name));
  h5_check(H5Fget_filesize(file, &file_size), failure_to("read", name));
  const long double bytes = static_cast<long double>(entries) * static_cast<long double>(size);
  if (bytes > 1032.0L * static_cast<long double>(file_size))
    throw RunError(fmt::format("'{}' claims {} entries of {} bytes in a file of {} bytes", name,
                               entries, size, file_size));
}

std::size_t size_of(hid_t dataset, const std::string& name) {
  const H5Id space(H5Dget_space(dataset), H5Sclose, failure_to("read", name));
  const H5Id type(H5Dget_type(dataset), H5Tclose, failure_to("read", name));
  const hssize_t entries = H5Sget_simple_extent_npoints(space);
  if (entries < 0) throw RunError(failure_to("read", name));
  check_size(dataset, name, static_cast<std::uint64_t>(entries), H5Tget_size(type));
  check_size(dataset, name, static_cast<std::uint64_t>(entries), 1);
  return static_cast<std::size_t>(entries);
}

// The type of a dataset of fixed-length texts.
H5Id fixed_text_type(hid_t dataset, const std::string& name) {
  H5Id type(H5Dget_type(dataset), H5Tclose, failure_to("read", name));
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0)
    throw RunError(fmt::format("'{}' is not fixed-length text", name));
  return type;
}

Texts read_fixed(hid_t group, const std::string& name) {
  const H5Id dataset = open_dataset(group, name), type = fixed_text_type(dataset, name);
  const std::size_t length = H5Tget_size(type);
  Texts texts{std::vector<char>(length * size_of(dataset, name)), length};
  h5_check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.bytes.data()),
           failure_to("read", name));
  return texts;
}

/// Rows and columns; 0 columns: one dimension.
struct Extent {
  hsize_t rows = 0, columns = 0;
};
Extent extent_of(hid_t dataset, const std::string& name) {
  const H5Id space(H5Dget_space(dataset), H5Sclose, failure_to("read", name));
  hsize_t size[2] = {0, 0};
  if (H5Sget_simple_extent_ndims(space) > 2)
    throw RunError(fmt::format("'{}' has more than two dimensions", name));
  h5_check(H5Sget_simple_extent_dims(space, size, nullptr), failure_to("read", name));
  const H5Id type(H5Dget_type(dataset), H5Tclose, failure_to("read", name));
  check_size(dataset, name, size[0], H5Tget_size(type));
  check_size(dataset, name, size[0], std::max<hsize_t>(size[1], 1));
  return {size[0], size[1]};
}

void read_some(hid_t dataset, const std::string& name, hid_t type, const RowRange& rows,
               std::size_t columns, void* values) {
  const Extent extent = extent_of(dataset, name);
  if (extent.rows != rows.total || extent.columns != columns)
    throw RunError(fmt::format("'{}' has {} × {} entries instead of {} × {}", name, extent.rows,
                               std::max<hsize_t>(extent.columns, 1), rows.total,
                               std::max<std::size_t>(columns, 1)));
  const H5Id file(H5Dget_space(dataset), H5Sclose, failure_to("read", name));
  const hsize_t start[2] = {rows.first, 0}, count[2] = {rows.count, columns};
  h5_check(H5Sselect_hyperslab(file, H5S_SELECT_SET, start, nullptr, count, nullptr),
           failure_to("read", name));
  const H5Id memory(H5Screate_simple(columns == 0 ? 1 : 2, count, nullptr), H5Sclose,
                    failure_to("read", name));
  h5_check(H5Dread(dataset, type, memory, file, H5P_DEFAULT, values), failure_to("read", name));
}

}  // namespace

H5Id::H5Id(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
  h5_check(id < 0 ? -1 : 0, what);
}

void h5_check(herr_t result, const std::string& what) {
  if (result >= 0) return;
  // The last entry of the walk is where the error began, so it is the most specific.
  std::string reason;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_DOWNWARD,
      [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
        if (error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &reason);
  H5Eclear2(H5E_DEFAULT);
  throw RunError(reason.empty() ? what : fmt::format("{}: {}", what, reason));
}

H5Quiet::H5Quiet() {
  H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

H5Quiet::~H5Quiet() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }

H5Id h5_text_type(std::size_t length) {
  H5Id type(H5Tcopy(H5T_C_S1), H5Tclose, "cannot make a text type");
  h5_check(H5Tset_size(type, std::max<std::size_t>(length, 1)), "cannot make a text type");
  h5_check(H5Tset_strpad(type, H5T_STR_NULLPAD), "cannot make a text type");
  h5_check(H5Tset_cset(type, H5T_CSET_UTF8), "cannot make a text type");
  return type;
}

H5Id create_hdf5(const std::string& path) {
  const H5Id access = without_locks();
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
          "cannot create the file"};
}

template <>
hid_t h5_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t h5_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t h5_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t h5_type<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}
template <>
hid_t h5_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

void write_attribute(hid_t object, const std::string& name, const std::string& value) {
  const H5Id type = variable_text_type(), space = scalar();
  const H5Id attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                       H5Aclose, failure_to("write attribute", name));
  const char* text = value.c_str();
  h5_check(H5Awrite(attribute, type, &text), failure_to("write attribute", name));
}

template <class T>
void write_attribute(hid_t object, const std::string& name, T value) {
  const H5Id space = scalar();
  const H5Id attribute(
      H5Acreate2(object, name.c_str(), h5_type<T>(), space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
      failure_to("write attribute", name));
  h5_check(H5Awrite(attribute, h5_type<T>(), &value), failure_to("write attribute", name));
}

H5Id open_hdf5(const std::string& path) {
  const H5Id access = without_locks();
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), H5Fclose, "cannot open the file"};
}

std::vector<std::string> attribute_names(hid_t object) {
  std::vector<std::string> names;
  h5_check(H5Aiterate2(
               object, H5_INDEX_NAME, H5_ITER_INC, nullptr,
               [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t {
                 static_cast<std::vector<std::string>*>(out)->emplace_back(name);
                 return 0;
               },
               &names),
           "cannot read attributes");
  return names;
}

std::string read_text_attribute(hid_t object, const std::string& name) {
  const H5Id attribute = open_attribute(object, name);
  const H5Id stored(H5Aget_type(attribute), H5Tclose, failure_to("read attribute", name));
  if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) <= 0)
    throw RunError(fmt::format("attribute '{}' is not variable-length text", name));
  const H5Id type = variable_text_type();
  char* bytes = nullptr;
  h5_check(H5Aread(attribute, type, &bytes), failure_to("read attribute", name));
  std::string text = bytes ? bytes : "";
  H5free_memory(bytes);
  return text;
}

template <class T>
T read_attribute(hid_t object, const std::string& name) {
  const H5Id attribute = open_attribute(object, name);
  T value{};
  h5_check(H5Aread(attribute, h5_type<T>(), &value), failure_to("read attribute", name));
  return value;
}

H5Id create_dataset(hid_t group, const std::string& name, hid_t type, std::size_t rows,
                    std::size_t columns) {
  const hsize_t extent[2] = {rows, columns};
  const H5Id space(H5Screate_simple(columns == 0 ? 1 : 2, extent, nullptr), H5Sclose,
                   failure_to("write", name));
  return create_in(group, name, type, space);
}

void write_rows(hid_t dataset, hid_t type, std::size_t first, std::size_t rows,
                const void* values) {
  constexpr const char* what = "cannot write rows";
  const H5Id file(H5Dget_space(dataset), H5Sclose, what);
  hsize_t start[2] = {first, 0}, count[2] = {rows, 0};
  const int dimensions = H5Sget_simple_extent_dims(file, count, nullptr);
  h5_check(dimensions, what);
  count[0] = rows;
  h5_check(H5Sselect_hyperslab(file, H5S_SELECT_SET, start, nullptr, count, nullptr), what);
  const H5Id memory(H5Screate_simple(dimensions, count, nullptr), H5Sclose, what);
  h5_check(H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, values), what);
}

template <class T>
void write_dataset(hid_t group, const std::string& name, const std::vector<T>& values,
                   const std::string& unit) {
  const H5Id dataset = create_dataset(group, name, h5_type<T>(), values.size());
  if (!unit.empty()) write_attribute(dataset, "unit", unit);
  write_whole(dataset, name, h5_type<T>(), values.data());
}

void write_texts(hid_t group, const std::string& name, const std::vector<std::string>& values) {
  std::size_t length = 1;
  for (const std::string& value : values) length = std::max(length, value.size());
  std::vector<char> bytes(length * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), &bytes[i * length]);
  const H5Id type = h5_text_type(length);
  write_whole(create_dataset(group, name, type, values.size()), name, type, bytes.data());
}

void write_text(hid_t group, const std::string& name, const std::string& value) {
  const H5Id type = h5_text_type(value.size()), space = scalar();
  write_whole(create_in(group, name, type, space), name, type, value.c_str());
}

template <class T>
std::vector<T> read_dataset(hid_t group, const std::string& name) {
  const H5Id dataset = open_dataset(group, name);
  std::vector<T> values(size_of(dataset, name));
  h5_check(H5Dread(dataset, h5_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
           failure_to("read", name));
  return values;
}

template <class T>
std::vector<T> read_rows(hid_t group, const std::string& name, const RowRange& rows,
                         std::size_t columns) {
  const H5Id dataset = open_dataset(group, name);
  check_size(dataset, name, rows.count, std::max<std::size_t>(columns, 1));
  std::vector<T> values(rows.count * std::max<std::size_t>(columns, 1));
  read_some(dataset, name, h5_type<T>(), rows, columns, values.data());
  return values;
}

std::vector<std::string> read_text_rows(hid_t group, const std::string& name,
                                        const RowRange& rows) {
  const H5Id dataset = open_dataset(group, name), type = fixed_text_type(dataset, name);
  const std::size_t length = H5Tget_size(type);
  check_size(dataset, name, rows.count, length);
  Texts texts{std::vector<char>(length * rows.count), length};
  read_some(dataset, name, type, rows, 0, texts.bytes.data());
  return split(texts);
}

std::vector<std::uint8_t> read_enum_rows(hid_t group, const std::string& name,
                                         const RowRange& rows) {
  const H5Id dataset = open_dataset(group, name);
  const H5Id type(H5Dget_type(dataset), H5Tclose, failure_to("read", name));
  if (H5Tget_size(type) != 1)
    throw RunError(fmt::format("'{}' is not an enumeration of one byte", name));
  std::vector<std::uint8_t> values(rows.count);
  read_some(dataset, name, type, rows, 0, values.data());
  return values;
}

std::size_t count_rows(hid_t group, const std::string& name) {
  return extent_of(open_dataset(group, name), name).rows;
}
std::size_t count_columns(hid_t group, const std::string& name) {
  return extent_of(open_dataset(group, name), name).columns;
}

std::vector<std::string> read_texts(hid_t group, const std::string& name) {
  return split(read_fixed(group, name));
}

std::string read_text(hid_t group, const std::string& name) {
  const Texts texts = read_fixed(group, name);
  return trimmed({texts.bytes.begin(), texts.bytes.end()});
}

bool has_link(hid_t group, const std::string& name) {
  return H5Lexists(group, name.c_str(), H5P_DEFAULT) > 0;
}

H5Id create_group(hid_t parent, const std::string& name) {
  return {H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose,
          failure_to("create group", name)};
}

H5Id open_group(hid_t parent, const std::string& name) {
  return {H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose, failure_to("open group", name)};
}

template void write_attribute(hid_t, const std::string&, double);
template void write_attribute(hid_t, const std::string&, std::int32_t);
template void write_attribute(hid_t, const std::string&, std::uint64_t);
template double read_attribute(hid_t, const std::string&);
template std::int32_t read_attribute(hid_t, const std::string&);
template std::uint64_t read_attribute(hid_t, const std::string&);
template void write_dataset(hid_t, const std::string&, const std::vector<double>&,
                            const std::string&);
template void write_dataset(hid_t, const std::string&, const std::vector<std::int32_t>&,
                            const std::string&);
template void write_dataset(hid_t, const std::string&, const std::vector<std::uint64_t>&,
                            const std::string&);
template std::vector<double> read_dataset(hid_t, const std::string&);
template std::vector<std::int32_t> read_dataset(hid_t, const std::string&);
template std::vector<std::uint64_t> read_dataset(hid_t, const std::string&);
template std::vector<double> read_rows(hid_t, const std::string&, const RowRange&, std::size_t);
template std::vector<float> read_rows(hid_t, const std::string&, const RowRange&, std::size_t);
template std::vector<std::int32_t> read_rows(hid_t, const std::string&, const RowRange&,
                                             std::size_t);
template std::vector<std::uint64_t> read_rows(hid_t, const std::string&, const RowRange&,
                                              std::size_t);

}  // namespace qhn
