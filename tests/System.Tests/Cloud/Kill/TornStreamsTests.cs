using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>
/// kill -9 of the real process under load, at random and at named points, again and again; then three books are compared: what the replica produced, what the
/// clients received, what the journal holds. 200 kills on two clouds side by side, because most of a round is one process starting; AMALGAM_KILLS says how
/// many, AMALGAM_SEED repeats a run's choices.
/// </summary>
public sealed class TornStreamsTests(ITestOutputHelper output)
{
    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_KILLS"), out var given) ? given : 200;

    [Fact]
    public async Task However_the_process_dies_nobody_pays_twice_or_for_more_than_he_got_and_no_budget_is_passed()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SEED"), out var given) ? given : Random.Shared.Next();
        Say($"torn streams: {Kills} kills, seed {seed}");
        await Task.WhenAll(Task.Run(() => new KillLoop(seed, Kills / 2, Say).RunAsync()), Task.Run(() => new KillLoop(seed + 1, Kills - (Kills / 2), Say).RunAsync()));
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
