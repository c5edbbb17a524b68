using Amalgam.Core.Allocation.Order;
using Xunit;

namespace Core.Tests.Allocation;

public sealed class SpendOrderTests
{
    private const long Drain = 1_000_000_000;

    private static readonly SpendOrder.Candidate Job = new(1, 1000, null, 0, 0, Running: false);

    [Fact]
    public void Of_equal_jobs_the_older_goes_first() =>
        Assert.True(SpendOrder.Key(Job with { AgeMs = 1000 }, Drain) < SpendOrder.Key(Job, Drain));

    [Fact]
    public void Who_has_spent_less_goes_first() =>
        Assert.True(SpendOrder.Key(Job, Drain) < SpendOrder.Key(Job with { AttainedMs = 600_000 }, Drain));

    [Fact]
    public void A_running_job_counts_half() =>
        Assert.Equal(SpendOrder.Key(Job, Drain) / 2, SpendOrder.Key(Job with { Running = true }, Drain));

    [Fact]
    public void A_declared_job_longer_than_all_work_spread_evenly_goes_before_everything() =>
        Assert.True(SpendOrder.Key(Job with { DeclaredMs = 2 * Drain }, Drain) < SpendOrder.Key(Job with { AgeMs = Drain }, Drain));

    [Fact]
    public void Where_nothing_is_scarce_all_are_equal_and_submission_decides() =>
        Assert.Equal(0, SpendOrder.Key(Job with { Value = 0, GangMilli = 64_000 }, Drain));
}
