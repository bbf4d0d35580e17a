#pragma once

#include <CLI/CLI.hpp>

namespace qhn {

/// Each function adds one verb to the command line. The verb's callback does the work and throws on
/// failure. To set a nonzero exit code after its own message it throws CLI::RuntimeError(code).
void add_train(CLI::App& app);
void add_baseline(CLI::App& app);
void add_status(CLI::App& app);
void add_merge(CLI::App& app);
void add_stats(CLI::App& app);
void add_compare(CLI::App& app);
void add_report(CLI::App& app);
void add_table(CLI::App& app);
void add_locality(CLI::App& app);
void add_landscape(CLI::App& app);
void add_decode(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_sample(CLI::App& app);
void add_new(CLI::App& app);
void add_validate(CLI::App& app);
void add_plan(CLI::App& app);
void add_doctor(CLI::App& app);
void add_export(CLI::App& app);

}  // namespace qhn
