using Amalgam.Runtime.Kernels;
using Xunit;

namespace Core.Tests.Runtime.Kernels;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_item_is_given_out_once_and_nobody_passes_a_barrier_early(int members)
    {
        using var team = new WorkerTeam(members, counters: 2);
        for (int run = 0; run < 50; run++)
        {
            var work = new TwoSteps(team);
            team.Run(work);
            Assert.All(work.First, count => Assert.Equal(1, count));
            Assert.All(work.Second, count => Assert.Equal(1, count));
            Assert.False(work.CameTooEarly);
        }
    }

    [Fact]
    public void A_team_that_has_gone_to_rest_wakes_up_for_the_next_run()
    {
        using var team = new WorkerTeam(3, counters: 2);
        team.Run(new TwoSteps(team));
        Thread.Sleep(50);
        var work = new TwoSteps(team);
        team.Run(work);
        Assert.All(work.Second, count => Assert.Equal(1, count));
    }

    private sealed class TwoSteps(WorkerTeam team) : ITeamWork
    {
        public int[] First { get; } = new int[64];

        public int[] Second { get; } = new int[64];

        public bool CameTooEarly { get; private set; }

        public void Work(int member)
        {
            for (int i = team.Next(0); i < First.Length; i = team.Next(0)) Interlocked.Increment(ref First[i]);
            team.Meet();
            if (First.Any(count => count == 0)) CameTooEarly = true;
            for (int i = team.Next(1); i < Second.Length; i = team.Next(1)) Interlocked.Increment(ref Second[i]);
        }
    }
}
