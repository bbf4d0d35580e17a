// Under 3 ranks: how a failure ends a verb. Argument "agreed": a check that only rank 1 fails is
// raised alike everywhere; "alone": an error of rank 1 that the others, waiting for it, know
// nothing of.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "app/mpi_session.hpp"
#include "core/error.hpp"

namespace {

void work(const std::string& how) {
  qhn::MpiSession session;
  const auto fail_on_one = [&] {
    if (session.rank() == 1) throw qhn::InputError("only here");
  };
  session.agree([] {});  // agreement that all is well raises nothing
  if (how == "agreed") session.agree(fail_on_one);
  if (how == "alone") fail_on_one();
  MPI_Barrier(session.world());
}

}  // namespace

int main(int, char** argv) {
  try {
    work(argv[1]);
    return 0;
  } catch (const CLI::RuntimeError& end) {
    return end.get_exit_code();
  } catch (const std::exception& error) {
    qhn::abort_parallel_run(error.what(), 2);
    fmt::print(stderr, "qhn: {}\n", error.what());
    return 2;
  }
}
