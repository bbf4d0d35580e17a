// Images and labels in IDX files, which are the training and the test files. The first byte says
// how many of the others are labels.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "input_file.hpp"
#include "problem/data.hpp"

namespace {

/// A folder of links to the two files in memory, under the published names.
struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "qhn-fuzz-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    path = name;
    for (const std::string set : {"train", "t10k"}) {
      std::filesystem::create_symlink(labels.write(nullptr, 0),
                                      path / (set + "-labels-idx1-ubyte"));
      std::filesystem::create_symlink(images.write(nullptr, 0),
                                      path / (set + "-images-idx3-ubyte"));
    }
  }
  ~Folder() { std::filesystem::remove_all(path); }

  qhn::InputFile labels, images;
  std::filesystem::path path;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Folder folder;
  if (size == 0) return 0;
  const std::size_t labels = std::min<std::size_t>(data[0], size - 1);
  folder.labels.write(data + 1, labels);
  folder.images.write(data + 1 + labels, size - 1 - labels);
  qhn::ProblemOptions options;
  options.kind = qhn::ProblemKind::images;
  options.data = folder.path;
  options.side = 2;
  qhn::may_refuse([&] {
    const qhn::DataSplit split = qhn::load_images(options);
    if (split.train.size() < 2 || split.train.features.size() != 4 * split.train.size())
      std::abort();
  });
  return 0;
}
