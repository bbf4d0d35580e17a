#include "app/single_state.hpp"

#include <omp.h>

#include <algorithm>

#include "app/machine.hpp"
#include "io/angles.hpp"

namespace qhn {

void add_single_state_options(CLI::App& verb, SingleStateOptions& options) {
  verb.add_option("EXPERIMENT", options.experiment, "Experiment file (TOML)")->required();
  verb.add_option("--angles", options.angles, "Text file, one vector of angles a row")->required();
  verb.add_option("--row", options.row, "Row of the angles, counted from 0");
  verb.add_flag("--ignore-extra", options.ignore_extra, "Drop numbers beyond the circuit's angles");
  verb.add_option("--set", options.overrides, "key=value in place of the file's")
      ->type_size(1)
      ->allow_extra_args(false);
  verb.add_option("--threads", options.threads, "Threads (default: OMP_NUM_THREADS, or its cores)")
      ->check(CLI::Range(1, max_threads));
}

SingleState prepare_single_state(const SingleStateOptions& options) {
  SingleState s;
  s.experiment = read_experiment(options.experiment, options.overrides);
  const int bits = network_bits(s.experiment.problem);
  if (bits > 0) require_memory(options.experiment, least_memory_need(bits), available_memory());
  s.problem = make_problem(s.experiment.problem);
  s.circuit = make_circuit(s.experiment, s.problem->qubits());
  s.angles = read_angles(options.angles, options.row, static_cast<std::size_t>(s.circuit.angles),
                         options.ignore_extra);

  const int threads =
      options.threads > 0 ? options.threads : default_threads(count_cores(allowed_processors()));
  const EngineOptions engine{s.experiment.engine, s.experiment.precision, threads};
  require_memory(options.experiment, memory_need(s.circuit, engine, 1), available_memory());
  omp_set_num_threads(threads);
  s.costs.resize(dimension(s.circuit.qubits));
  s.problem->costs(0, s.costs);
  s.minimum = *std::min_element(s.costs.begin(), s.costs.end());
  s.engine = make_engine(s.circuit, s.costs, engine);
  return s;
}

}  // namespace qhn
