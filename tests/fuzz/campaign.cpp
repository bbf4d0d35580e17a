// A campaign.h5 whose parts were changed: a whole file, and then six bytes for each change (part,
// what becomes of it, two sizes, two values). HDF5 makes the changes, so that its own parser, which
// is not ours to mend, sees well-formed files.
#include <hdf5.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "input_file.hpp"
#include "io/campaign_file.hpp"
#include "io/hdf5.hpp"

namespace {

#if H5_VERSION_GE(1, 12, 0)
using ObjectInfo = H5O_info1_t;
#else
using ObjectInfo = H5O_info_t;
#endif

using namespace qhn;

std::vector<std::uint8_t> whole_file() {
  CampaignFile c;
  c.name = "x";
  c.experiment = "name = \"x\"\n";
  c.identity = "a = 1\n";
  c.restarts_requested = 3;
  c.epsilons = {1e-2, 1e-4};
  c.table = {4, 0.25, 1, 3, 10};
  c.method = {"annealing", "sweeps = 1", {1, 1, 1}, 1};
  c.provenance.hosts = {"n"};
  c.provenance.slurm = {"SLURM_JOB_ID=17"};
  c.energy = {{"run", 2, 1.25, 300, 1e-3, "", {PhaseEnergy{"table", "n", "none", ""}}}};
  for (std::uint64_t id = 0; id < 3; ++id) {
    RestartRecord r;
    r.result.id = id;
    r.result.expectation_crossings = r.result.string_crossings = {{1, 2}, {-1, -1}};
    r.result.angles = {0.5, 1.5};
    r.result.oracle[OraclePhase::selection] = {1, 2, 3};
    r.cost.host = "n";
    c.records.push_back(r);
  }
  const std::string path =
      (std::filesystem::temp_directory_path() / ("qhn-fuzz-" + std::to_string(::getpid())))
          .string();
  write_campaign(path, c);
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  return {bytes.begin(), bytes.end()};
}

// Every group, dataset and attribute; of an attribute the object and, after '@', its name.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  const H5Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "open");
  H5Ovisit2(
      file, H5_INDEX_NAME, H5_ITER_INC,
      [](hid_t root, const char* name, const ObjectInfo*, void* out) -> herr_t {
        auto& found = *static_cast<std::vector<std::string>*>(out);
        found.emplace_back(name);
        const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
        for (const std::string& attribute : attribute_names(object))
          found.push_back(std::string(name) + '@' + attribute);
        H5Oclose(object);
        return 0;
      },
      &parts, H5O_INFO_BASIC);
  return parts;
}

hid_t type_of(unsigned which) {
  switch (which % 8) {
    case 0:
      return H5Tcopy(H5T_NATIVE_DOUBLE);
    case 1:
      return H5Tcopy(H5T_NATIVE_INT32);
    case 2:
      return H5Tcopy(H5T_NATIVE_UINT64);
    case 3:
      return H5Tcopy(H5T_NATIVE_UINT8);
    case 4:
      return H5Tcopy(H5T_C_S1);
    case 7: {
      const hid_t type = H5Tcreate(H5T_OPAQUE, 1);
      return type;
    }
    default: {
      const hid_t type = H5Tcopy(H5T_C_S1);
      H5Tset_size(type, which % 8 == 5 ? H5T_VARIABLE : std::size_t{which} + 1);
      return type;
    }
  }
}

hsize_t extent_of(std::uint8_t size) {
  return size < 200 ? size % 8 : hsize_t{1} << (size - 200);  // up to 2^55
}

hid_t space_of(const std::uint8_t* change) {
  const hsize_t extent[3] = {extent_of(change[2]), extent_of(change[3]), 2};
  const int dimensions = change[4] % 4;
  return dimensions == 0 ? H5Screate(change[4] % 8 == 4 ? H5S_NULL : H5S_SCALAR)
                         : H5Screate_simple(dimensions, extent, nullptr);
}

void change_it(hid_t file, const std::string& part, const std::uint8_t* change) {
  const std::size_t at = part.find('@');
  const std::string object_name = part.substr(0, at);
  if (at != std::string::npos) {
    const hid_t object = H5Oopen(file, object_name.c_str(), H5P_DEFAULT);
    if (object < 0) return;
    const std::string name = part.substr(at + 1);
    H5Adelete(object, name.c_str());
    if (change[1] % 4 != 0) {
      const hid_t type = type_of(change[1] / 4U), space = space_of(change);
      const hssize_t entries = H5Sget_simple_extent_npoints(space);
      if (entries >= 0 && entries < 64) {
        const hid_t attribute =
            H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
        const std::vector<std::uint8_t> values(64 * 300, change[5]);
        if (attribute >= 0) {
          if (H5Tis_variable_str(type) <= 0) H5Awrite(attribute, type, values.data());
          H5Aclose(attribute);
        }
      }
      H5Sclose(space);
      H5Tclose(type);
    }
    H5Oclose(object);
    return;
  }
  if (change[1] % 4 == 3) {  // other values in it as it is
    const hid_t dataset = H5Dopen2(file, part.c_str(), H5P_DEFAULT);
    if (dataset < 0) return;
    const hid_t type = H5Dget_type(dataset);
    const std::vector<std::uint8_t> values(1 << 16, change[5]);
    if (H5Tis_variable_str(type) <= 0 && H5Dget_storage_size(dataset) <= values.size())
      H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Tclose(type);
    H5Dclose(dataset);
    return;
  }
  H5Ldelete(file, part.c_str(), H5P_DEFAULT);
  if (change[1] % 4 == 0) return;
  // In chunks, of which none is there yet: a file of any size.
  const hid_t type = type_of(change[1] / 4U), space = space_of(change);
  const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
  const int dimensions = H5Sget_simple_extent_ndims(space);
  hsize_t extent[3] = {0, 0, 0}, chunk[3] = {1, 1, 1};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  bool empty = false;
  for (int d = 0; d < dimensions; ++d) empty = empty || extent[d] == 0;
  if (dimensions > 0 && !empty) H5Pset_chunk(layout, dimensions, chunk);
  const hid_t dataset =
      H5Dcreate2(file, part.c_str(), type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
  if (dataset >= 0) H5Dclose(dataset);
  H5Pclose(layout);
  H5Sclose(space);
  H5Tclose(type);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static InputFile input;
  static const std::vector<std::uint8_t> whole = whole_file();
  const std::string& path = input.write(whole.data(), whole.size());
  static const std::vector<std::string> parts = parts_of(path);
  {
    const H5Quiet quiet;
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    if (file < 0) std::abort();
    for (std::size_t at = 0; at + 6 <= size && at < 60; at += 6)
      change_it(file, parts[data[at] % parts.size()], data + at);
    H5Fclose(file);
  }
  may_refuse([&] {
    const CampaignReader reader(path);
    if (reader.head().table.qubits > 64) std::abort();
    std::uint64_t seen = 0;
    reader.for_each([&](RestartRecord&& record) {
      if (record.result.status > Status::diverged) std::abort();
      if (record.result.expectation_crossings.size() != reader.head().epsilons.size()) std::abort();
      ++seen;
    });
    if (seen != reader.shape().count) std::abort();
  });
  return 0;
}
