using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Units;
using Amalgam.Storage;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>The state and its real journal, with a clock that the test sets.</summary>
public sealed class ClockAndDurabilityTests : IDisposable
{
    private static readonly Actor Me = Actor.Loop("test");

    private readonly string _folder = Directory.CreateTempSubdirectory("amalgam-journal-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_clock_that_is_set_back_reorders_nothing_and_charges_nothing_negative()
    {
        var clock = new SetClock { Now = DateTimeOffset.FromUnixTimeMilliseconds(2_000_000_000_000) };
        var path = Path.Combine(_folder, "journal.db");
        using (var journal = SqliteJournal.Open(path))
        {
            var cloud = new ControlPlane.State.Cloud(journal, clock);
            await FoundAsync(cloud);
            clock.Now -= TimeSpan.FromHours(3);
            await AddAsync(cloud, "while-it-was-back");
            Assert.Equal(2_000_000_000_000, cloud.NowMs);
            clock.Now += TimeSpan.FromHours(4);
            await AddAsync(cloud, "later");
        }

        using (var journal = SqliteJournal.Open(path))
        {
            var times = journal.ReadAll().Select(record => record.AtMs).ToList();
            Assert.Equal(times.Order(), times);
            Assert.Equal(2_000_000_000_000 + (3_600_000), times[^1]);

            // A restart with the clock still back goes on where the journal stands.
            clock.Now -= TimeSpan.FromDays(2);
            var cloud = new ControlPlane.State.Cloud(journal, clock);
            Assert.Equal(times[^1], cloud.NowMs);
            await AddAsync(cloud, "after-restart");
            Assert.Equal(times[^1], cloud.Read(state => state.LastAtMs));
        }

        Assert.True(JournalFile.Verify(path).Records > 5);
    }

    [Fact]
    public async Task What_is_read_before_it_is_on_disk_is_waited_for_by_whoever_acts_on_it()
    {
        var journal = new HeldJournal();
        var cloud = new ControlPlane.State.Cloud(journal, TimeProvider.System);
        var change = FoundAsync(cloud);
        Assert.True(cloud.Read(state => state.IsFounded));
        var durable = cloud.DurableAsync();
        Assert.False(durable.IsCompleted);
        Assert.False(change.IsCompleted);
        journal.Done.SetResult();
        await durable;
        await change;
    }

    private static async Task FoundAsync(ControlPlane.State.Cloud cloud) =>
        await cloud.ChangeAsync(Me, (state, nowMs) => FoundCloud.Decide(state, ChangeKeys.NewSecret(), "USD", "test", nowMs));

    private static async Task AddAsync(ControlPlane.State.Cloud cloud, string unit) =>
        await cloud.ChangeAsync(Me, (_, _) => Decide.Yes(true, new UnitSet(new Unit { Name = unit, Parent = FoundCloud.RootUnit })));

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>A journal whose disk takes its time.</summary>
    private sealed class HeldJournal : IJournal
    {
        public TaskCompletionSource Done { get; } = new();

        public IEnumerable<JournalRecord> ReadAll() => [];

        public Task Append(IReadOnlyList<JournalRecord> records) => Done.Task;
    }
}
