#include <fmt/format.h>
#include <hdf5.h>

#include <bit>
#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

/// Closes what an H5 call opened.
struct Handle {
  hid_t id;
  herr_t (*close)(hid_t);
  ~Handle() {
    if (id >= 0) close(id);
  }
};

std::vector<double> load_hdf5_table(const std::string& path) {
  std::vector<double> costs;
  const char* failure = nullptr;
  H5E_BEGIN_TRY {  // silence the library: the messages are ours
    const Handle file{H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose};
    const Handle set{file.id < 0 ? -1 : H5Dopen2(file.id, "costs", H5P_DEFAULT), H5Dclose};
    const Handle space{set.id < 0 ? -1 : H5Dget_space(set.id), H5Sclose};
    if (file.id < 0)
      failure = "a damaged HDF5 file";
    else if (set.id < 0)
      failure = "an HDF5 file without a dataset 'costs'";
    else if (H5Sget_simple_extent_ndims(space.id) != 1)
      failure = "an HDF5 file whose dataset 'costs' is not one-dimensional";
    if (!failure) {
      costs.resize(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.id)));
      if (H5Dread(set.id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, costs.data()) < 0)
        failure = "an HDF5 file whose dataset 'costs' does not read as numbers";
    }
  }
  H5E_END_TRY;
  if (failure) throw InputError(fmt::format("{}: {}", path, failure));
  for (std::size_t i = 0; i < costs.size(); ++i)
    if (!std::isfinite(costs[i]))
      throw InputError(fmt::format("{}: costs[{}] is not a finite number", path, i));
  return costs;
}

bool is_hdf5(const std::string& path) {
  htri_t answer = -1;
  H5E_BEGIN_TRY { answer = H5Fis_hdf5(path.c_str()); }
  H5E_END_TRY;
  return answer > 0;
}

}  // namespace

std::vector<double> load_table(const std::string& path) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("{}: no such cost table", path));
  const std::vector<double> costs = is_hdf5(path) ? load_hdf5_table(path) : load_text_table(path);
  if (costs.size() < 2 || !std::has_single_bit(costs.size()))
    throw InputError(
        fmt::format("{}: {} numbers; a table has 2^N of them, N at least 1", path, costs.size()));
  return costs;
}

}  // namespace qhn
