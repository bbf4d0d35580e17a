// An experiment file. What is read comes back from its own text unchanged.
#include "campaign/experiment.hpp"

#include <cstdlib>

#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  std::string resolved;
  qhn::may_refuse([&] { resolved = to_toml(qhn::read_experiment_text(text, "e.toml")); });
  if (!resolved.empty() && to_toml(qhn::read_experiment_text(resolved, "e.toml")) != resolved)
    std::abort();
  return 0;
}
