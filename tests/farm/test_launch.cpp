#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/error.hpp"
#include "farm/launch.hpp"

namespace qhn {
namespace {

using Variables = std::map<std::string, std::string>;

auto lookup(const Variables& variables) {
  return [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

int launched(const Variables& variables) { return launched_ranks(lookup(variables)); }

TEST(Launch, ReadsWhatTheLauncherSays) {
  EXPECT_EQ(launched({}), 1);
  EXPECT_EQ(launched({{"PMI_SIZE", "4"}}), 4);                                  // MPICH
  EXPECT_EQ(launched({{"OMPI_COMM_WORLD_SIZE", "3"}, {"PMIX_RANK", "0"}}), 3);  // Open MPI
  EXPECT_EQ(launched({{"PMIX_RANK", "0"}}), 1);
  EXPECT_EQ(launched({{"PMIX_RANK", "6"}}), 7);  // at least
  EXPECT_EQ(launched({{"SLURM_STEP_NUM_TASKS", "5"}, {"SLURM_PROCID", "0"}}), 5);
  EXPECT_EQ(launched({{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}}), 1);  // a batch script
  // mpirun inside a job: srun started the daemons, one a node.
  EXPECT_EQ(launched({{"SLURM_STEP_NUM_TASKS", "4"}, {"OMPI_COMM_WORLD_SIZE", "1"}}), 1);
}

TEST(Launch, RefusesALonelyRankWithALineToTry) {
  EXPECT_NO_THROW(refuse_lonely_rank(1, lookup({})));
  const Variables four{{"PMI_SIZE", "4"}};
  EXPECT_NO_THROW(refuse_lonely_rank(4, lookup(four)));
  try {
    refuse_lonely_rank(1, lookup(four));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("mpirun -n 4 qhn"), std::string::npos) << error.what();
  }
  const Variables step{{"SLURM_STEP_NUM_TASKS", "16"}};
  try {
    refuse_lonely_rank(1, lookup(step));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("srun --mpi=pmix -n 16"), std::string::npos);
  }
}

TEST(Launch, ThreadsGoToRestartsWhereTheyCan) {
  const auto same = [](ThreadPlan plan, int workers, int threads) {
    return plan.workers == workers && plan.threads_per_state == threads;
  };
  EXPECT_TRUE(same(plan_threads(8, 1, 100, true), 8, 1));
  EXPECT_TRUE(same(plan_threads(8, 4, 16, true), 8, 1));
  EXPECT_TRUE(same(plan_threads(8, 4, 15, true), 1, 8));    // more than half would idle
  EXPECT_TRUE(same(plan_threads(8, 1, 100, false), 1, 8));  // no memory for 8 states
  EXPECT_TRUE(same(plan_threads(1, 1, 1, true), 1, 1));
}

}  // namespace
}  // namespace qhn
