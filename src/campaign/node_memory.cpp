#include "campaign/node_memory.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "campaign/memory_limits.hpp"
#include "campaign/same_input.hpp"
#include "comm/processors.hpp"
#include "comm/shared_memory.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"

namespace qhn {

std::shared_ptr<void> NodeMemory::place(std::size_t bytes, const std::function<void(void*)>& fill) {
  if (node_.size() == 1) return SampleMemory::place(bytes, fill);
  void* const common = map_in_common(node_, bytes);
  std::shared_ptr<void> owner;
  node_.agree([&] {
    if (common)
      owner = {common, [bytes](void* p) { munmap(p, bytes); }};
    else
      owner = SampleMemory::place(bytes, [](void*) {});
    if (reads()) fill(owner.get());
  });  // also a barrier: the memory is filled
  if (common) return owner;
  if (reads() && !std::exchange(told_, true))
    spdlog::warn("{}: each of its {} ranks holds a copy of the samples: no space in /dev/shm",
                 host_name(), node_.size());
  node_.broadcast_bytes(owner.get(), bytes);
  return owner;
}

DataSet NodeMemory::share(DataSet data) {
  std::array<std::int64_t, 3> shape{data.inputs, static_cast<std::int64_t>(data.features.size()),
                                    static_cast<std::int64_t>(data.labels.size())};
  node_.broadcast(shape);
  DataSet common;
  common.inputs = static_cast<int>(shape[0]);
  common.features =
      make<double>(static_cast<std::size_t>(shape[1]), [&](std::span<double> features) {
        std::copy(data.features.begin(), data.features.end(), features.begin());
      });
  data.features = {};
  common.labels =
      make<std::uint8_t>(static_cast<std::size_t>(shape[2]), [&](std::span<std::uint8_t> labels) {
        std::copy(data.labels.begin(), data.labels.end(), labels.begin());
      });
  return common;
}

DataSplit NodeMemory::share(DataSplit data) {
  if (node_.size() == 1) return data;
  DataSet train = share(std::exchange(data.train, {}));
  return {std::move(train), share(std::move(data.test)), std::move(data.remarks)};
}

void require_memory_for_data(const std::string& source, const ProblemOptions& problem,
                             double available) {
  const DataBytes bytes = estimate_data_bytes(problem);
  if (bytes.loading <= available) return;
  throw InputError(
      fmt::format("{}: reading the data takes about {} on a node, {} of them for the whole run; "
                  "available: {} ({})",
                  source, in_bytes(bytes.loading), in_bytes(bytes.held), in_bytes(available),
                  survey_memory().limit));
}

std::unique_ptr<Problem> load_problem(MpiSession& session, const ProblemOptions& options,
                                      std::string& data_sha256) {
  std::vector<Given> files;
  session.agree([&] {
    if (session.size() > 1) files = given_data(options);
  });
  require_same(session, files);

  NodeMemory memory(session.world());
  DataSplit data;
  session.agree([&] {
    if (memory.reads()) data = load_data(options);
  });
  std::unique_ptr<Problem> problem;
  session.agree([&] {
    data = memory.share(std::move(data));
    problem = make_problem(options, std::move(data), memory);
  });
  session.agree([&] { data_sha256 = problem->data_sha256(); });
  const std::string& path = options.kind == ProblemKind::table ? options.table : options.data;
  require_same(session, {{path.empty() ? "the data" : path, "sha256 " + data_sha256, ""}});
  return problem;
}

}  // namespace qhn
