#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/stats.hpp"
#include "run_qhn.hpp"

namespace qhn {
namespace {

// `successes` of `count` restarts end with gap 1e-6, the others with 1e-2; ids from `first`.
CampaignFile campaign(const std::string& name, int successes, int count, std::uint64_t first = 0) {
  CampaignFile c;
  c.name = name;
  c.experiment = "name = \"" + name + "\"\n";
  c.restarts_requested = static_cast<std::uint64_t>(count);
  c.epsilons = {1e-3, 1e-5};
  c.table = {17, 0.1 + 0.2, 1, 5};
  for (int k = 0; k < count; ++k) {
    RestartRecord r;
    r.result.id = first + static_cast<std::uint64_t>(k);
    r.result.status = Status::converged;
    r.result.gap = k < successes ? 1e-6 : 1e-2;
    r.result.evaluations = 100 + k;
    r.result.expectation_crossings.resize(2);
    r.result.string_crossings.resize(2);
    r.cost.seconds = 0.5;
    r.cost.host = "node";
    c.records.push_back(r);
  }
  return c;
}

TEST(Stats, SummaryUsesThePrefixOnly) {
  CampaignFile c = campaign("a", 3, 4);
  c.records[3].result.id = 9;  // beyond a gap
  Summary summary("file", c);
  for (const RestartRecord& record : c.records) summary.add(record);
  const CampaignStatistics s = summary.statistics();
  EXPECT_EQ(s.restarts, 3u);
  EXPECT_EQ(s.waiting, 1u);
  ASSERT_EQ(s.success.size(), 2u);
  EXPECT_EQ(s.success[0].count, 3u);
  EXPECT_EQ(s.success[0].total, 3u);
  EXPECT_NE(success_text({s}).find("1 more restarts are finished"), std::string::npos);
}

TEST(Stats, JsonHasTheDocumentedShape) {
  const TemporaryFolder folder;
  write_campaign(folder / "campaign.h5", campaign("a", 3, 10));
  const ProgramRun run = run_qhn(folder, "stats . --format json --epsilon 1e-5");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const auto json = nlohmann::json::parse(run.out);
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["file"], "./campaign.h5");
  EXPECT_EQ(json[0]["restarts"], 10);
  EXPECT_EQ(json[0]["minimum"].get<double>(), 0.1 + 0.2);  // round-trips
  EXPECT_EQ(json[0]["mean_seconds"], 0.5);
  EXPECT_EQ(json[0]["mean_evaluations"], 104.5);
  ASSERT_EQ(json[0]["success"].size(), 1u);
  const auto& success = json[0]["success"][0];
  EXPECT_EQ(success["epsilon"], 1e-5);
  EXPECT_EQ(success["count"], 3);
  EXPECT_EQ(success["probability"], 0.3);
  // Clopper–Pearson of 3/10, from the table in any textbook
  EXPECT_NEAR(success["low"].get<double>(), 0.0667, 5e-5);
  EXPECT_NEAR(success["high"].get<double>(), 0.6525, 5e-5);
}

TEST(Stats, PutsCampaignsSideBySide) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("first", 3, 10));
  write_campaign(folder / "b.h5", campaign("second", 10, 10));
  EXPECT_EQ(run_qhn(folder, "stats --epsilon 1e-5 a.h5 b.h5").out,
            "Success probability P[E - E_min < gap] with 95 % Clopper-Pearson interval\n"
            "\n"
            "  gap below   first                          second\n"
            "  1e-05       0.3000 [0.0667, 0.6525] 3/10   1.0000 [0.6915, 1.0000] 10/10\n"
            "\n"
            "Mean cost of a restart\n"
            "\n"
            "  campaign   qubits   E_min   restarts   seconds   evaluations   ended\n"
            "  first      17       0.3     10         0.5       104.5         10 converged\n"
            "  second     17       0.3     10         0.5       104.5         10 converged\n");
}

// Joules of simulated circuits and of classical methods are never in one table.
TEST(Stats, KeepsJoulesOfCircuitsApart) {
  const TemporaryFolder folder;
  PhaseEnergy p;
  p.phase = "restarts";
  p.host = "all";
  p.method = "modelled:cpu";
  p.scope = "node";
  p.seconds = 2;
  p.joules = 250;
  p.net_joules = 6;
  p.times = 3;
  RunEnergy run;
  run.run = "r";
  run.restarts = 10;
  run.grams_per_kwh = 360;
  run.phases = {p};
  CampaignFile circuits = campaign("circuits", 3, 10), classical = campaign("classical", 10, 10);
  circuits.energy = classical.energy = {run};
  classical.method.name = "descent";
  write_campaign(folder / "a.h5", circuits);
  write_campaign(folder / "b.h5", classical);
  const std::string out = run_qhn(folder, "stats --epsilon 1e-5 a.h5 b.h5").out;
  const std::string head =
      "phase      method         scope   seconds   joules   uncertainty   net of idle   per "
      "restart   g CO2e   times\n";
  const std::string row =
      "restarts   modelled:cpu   node    2         250      -             6             25         "
      "   "
      "0.025    3\n";
  EXPECT_TRUE(out.ends_with(
      "\nJoules of simulating circuits on this machine (no energy was measured; joules are "
      "modelled)\n\n  campaign   " +
      head + "  circuits   " + row +
      "\nJoules of classical methods on this machine (no energy was measured; joules are "
      "modelled)\n\n  campaign    " +
      head + "  classical   " + row))
      << out;
  const auto json = nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out);
  EXPECT_EQ(json[0]["circuits"], true);
  EXPECT_EQ(json[0]["energy"][0]["joules"], 250);
  EXPECT_EQ(json[0]["energy"][0]["times"], 3);
  EXPECT_TRUE(json[0]["energy"][0]["uncertainty"].is_null());
}

// Counters that failed are named, and a restart is charged the joules of its own seconds: here ten
// of 0.3 s in a phase of 60 s at 100 W.
TEST(Stats, SaysWhatCountersFailedAndWhatARestartIsCharged) {
  const TemporaryFolder folder;
  PhaseEnergy p{.phase = "restarts", .host = "all", .method = "modelled:cpu", .scope = "node"};
  p.seconds = 60;
  p.joules = 6000;
  p.net_joules = 0;
  RunEnergy run;
  run.run = "r";
  run.restarts = 10;
  run.remarks = "n7: package-1 went backwards from 9 to 5";
  run.phases = {p};
  RunEnergy another = run;
  another.run = "s";
  CampaignFile circuits = campaign("c", 3, 10);
  circuits.energy = {run, another};
  write_campaign(folder / "a.h5", circuits);
  const std::string why = "c: energy counters: n7: package-1 went backwards from 9 to 5\n";
  const std::string share =
      "c: restarts computed in 5 % of the seconds of their phase; joules per restart are of "
      "these.\n";
  for (const auto& [format, before] :
       {std::pair<std::string, std::string>{"text", "  "}, {"markdown", ""}, {"latex", "% "}}) {
    const std::string out = run_qhn(folder, "stats a.h5 --format " + format).out;
    EXPECT_TRUE(out.ends_with('\n' + before + why + before + share)) << out;
  }
  const auto json = nlohmann::json::parse(run_qhn(folder, "stats a.h5 --format json").out);
  EXPECT_EQ(json[0]["energy_remarks"],
            nlohmann::json::array({"n7: package-1 went backwards from 9 to 5"}));
  EXPECT_NEAR(json[0]["energy"][0]["per_restart"], 30.0, 1e-9);
  EXPECT_EQ(json[0]["energy"][0]["joules"], 12000);
}

TEST(Stats, TellsRunsOfOneExperimentApartByTheirPaths) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("same", 3, 10));
  write_campaign(folder / "b.h5", campaign("same", 10, 10));
  const std::string out = run_qhn(folder, "stats a.h5 b.h5 --format markdown").out;
  EXPECT_TRUE(out.starts_with("| gap below | a.h5 | b.h5 |\n|---|---|---|\n| 0.001 | ")) << out;
}

TEST(Stats, WritesCsvAndLatex) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("my_name, really", 10, 10));
  const ProgramRun csv = run_qhn(folder, "stats a.h5 --format csv --epsilon 1e-5");
  EXPECT_TRUE(csv.out.starts_with(
      "file,name,qubits,minimum,restarts,epsilon,count,probability,low,high,mean_seconds,"
      "mean_evaluations\na.h5,\"my_name, really\",17,0.30000000000000004,10,1e-05,10,1,0.69150"))
      << csv.out;
  const std::string latex = run_qhn(folder, "stats a.h5 --format latex").out;
  EXPECT_NE(latex.find("gap below & my\\_name, really \\\\\n"), std::string::npos) << latex;
}

TEST(Stats, RefusesWhatItCannotCount) {
  const TemporaryFolder folder;
  write_campaign(folder / "a.h5", campaign("late", 2, 2, 5));
  for (const auto& [arguments, message] :
       {std::pair<std::string, std::string>{
            "stats missing", "qhn: missing: cannot read the result: No such file or directory\n"},
        {"stats a.h5", "qhn: a.h5: holds no restart with id 0 yet: nothing to count\n"}}) {
    const ProgramRun run = run_qhn(folder, arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err, message);
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(run_qhn(folder, "stats a.h5 --epsilon -1").exit_code, 2);
  EXPECT_EQ(run_qhn(folder, "stats a.h5 --format xml").exit_code, 2);
}

}  // namespace
}  // namespace qhn
