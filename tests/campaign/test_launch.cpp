#include <gtest/gtest.h>

#include <map>
#include <string>

#include "../record/temporary_folder.hpp"
#include "comm/launcher.hpp"
#include "core/error.hpp"
#include "engine/execution_plan.hpp"

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

TEST(Launch, VerbsOfOneRankRefuseSeveral) {
  EXPECT_EQ(launched_rank(lookup({})), 0);
  EXPECT_EQ(launched_rank(lookup({{"PMI_RANK", "3"}})), 3);
  EXPECT_EQ(launched_rank(lookup({{"OMPI_COMM_WORLD_RANK", "2"}, {"PMIX_RANK", "2"}})), 2);
  EXPECT_EQ(launched_rank(lookup({{"SLURM_PROCID", "5"}})), 0);  // a batch script has it, too
  EXPECT_NO_THROW(refuse_several_ranks("table", "", lookup({{"PMI_SIZE", "1"}})));
  EXPECT_EQ(message_of<InputError>([] {
              refuse_several_ranks("plan", "--measure", lookup({{"PMI_SIZE", "4"}}));
            }),
            "plan runs on one rank, but the launcher started 4; allowed: 1, or no launcher at "
            "all, or --measure");
}

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

/// A plan of an engine with this many multiply-adds, bytes of a state and bytes of the table.
ExecutionPlan plan_with(EngineKind kind, double multiply_adds, double bytes, double table_bytes) {
  ExecutionPlan plan;
  plan.engine.kind = kind;
  plan.multiply_adds = multiply_adds;
  plan.engine_bytes = bytes;
  plan.table_bytes = table_bytes;
  return plan;
}

/// Whether `restarts` restarts take `workers` states with `threads` threads each.
bool takes(ExecutionPlan plan, const Resources& resources, std::uint64_t restarts, int workers,
           int threads) {
  assign_threads(plan, resources, restarts);
  return plan.workers == workers && plan.engine.threads == threads;
}

const ExecutionPlan small = plan_with(EngineKind::cut, 1e5, 1e5, 1e5);
const ExecutionPlan large = plan_with(EngineKind::cut, 1e8, 1e6, 8e6);

TEST(Threads, AreIndependentWhereThereAreRestartsForAll) {
  for (const ExecutionPlan& plan : {small, large}) {
    EXPECT_TRUE(takes(plan, {8, 1, 1}, 100, 8, 1));
    EXPECT_TRUE(takes(plan, {8, 4, 4}, 3200, 8, 1));
    EXPECT_TRUE(takes(plan, {1, 1, 1}, 1, 1, 1));
    const double all = plan.table_bytes + 8 * plan.engine_bytes;
    EXPECT_TRUE(takes(plan, {8, 1, 1, 0.0, all}, 100, 8, 1));
    EXPECT_TRUE(takes(plan, {8, 1, 1, 0.0, all - 1}, 100, 1, 8));  // no memory for 8 states
  }
  ExecutionPlan distributed = small;
  distributed.ranks = 2;
  EXPECT_TRUE(takes(distributed, {8, 2, 2}, 100, 1, 8));
}

TEST(Threads, ShareAStateWhereLargeOnesHaveFewRestarts) {
  EXPECT_TRUE(takes(large, {8, 1, 1}, 2, 1, 8));
  EXPECT_TRUE(takes(large, {8, 4, 4}, 8, 1, 8));
  EXPECT_TRUE(takes(small, {8, 1, 1}, 2, 8, 1));  // too small to share
  // One restart more than threads: a second round for it alone, or nine in shared steps.
  EXPECT_TRUE(takes(large, {8, 1, 1}, 9, 1, 8));
}

TEST(Threads, ShareAStateWhereOnlyOneFitsTheCache) {
  const ExecutionPlan state = plan_with(EngineKind::sweep, 5e8, 16e6, 4e6);
  EXPECT_TRUE(takes(state, {2, 1, 1, 32e6}, 1000, 1, 2));
  EXPECT_TRUE(takes(state, {2, 1, 1, 64e6}, 1000, 2, 1));  // both fit
  EXPECT_TRUE(takes(state, {2, 1, 1, 16e6}, 1000, 1, 2));  // one nearly does
  EXPECT_TRUE(takes(state, {2, 1, 1, 12e6}, 1000, 2, 1));  // not even one does
  EXPECT_TRUE(takes(state, {2, 2, 2, 24e6}, 1000, 2, 1));  // one for each rank
  EXPECT_TRUE(takes(state, {2, 1, 1, 0.0}, 1000, 2, 1));   // unknown
}

TEST(ExecutionPlan, CountsTheEngineInUse) {
  const Circuit shallow = make_circuit(Family::linear, 16, 4);
  const ExecutionPlan cut = plan_execution(shallow, {}),
                      sweep = plan_execution(shallow, {{EngineKind::sweep}});
  EXPECT_EQ(cut.engine.kind, EngineKind::cut);
  EXPECT_EQ(sweep.engine.kind, EngineKind::sweep);
  EXPECT_LT(cut.multiply_adds, sweep.multiply_adds);
  EXPECT_LT(cut.engine_bytes, sweep.engine_bytes);
  EXPECT_EQ(cut.table_bytes, 8.0 * 65536);
}

TEST(Threads, SharedSpeedupGrowsWithTheStateAndNeverBeyondTheThreads) {
  for (const EngineKind engine : {EngineKind::cut, EngineKind::sweep, EngineKind::reference})
    for (const int threads : {1, 2, 64}) {
      double before = 1.0;
      for (double fmas = 1e4; fmas < 1e12; fmas *= 3) {
        const double s = shared_speedup(plan_with(engine, fmas, 0.0, 0.0), threads);
        EXPECT_GE(s, before);
        EXPECT_LE(s, threads);
        before = s;
      }
      EXPECT_EQ(before > 1.0, engine != EngineKind::reference && threads > 1);
    }
}

}  // namespace
}  // namespace qhn
