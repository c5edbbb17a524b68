namespace Amalgam.Core.Journal;

/// <summary>Who did it: a key, or one of the cloud's own loops. <paramref name="From"/> is the client's address, null for loops.</summary>
public sealed record Actor(string Name, string? KeyId, string? From)
{
    public static Actor Loop(string name) => new($"loop/{name}", null, null);
}

/// <summary>One appended fact. The journal is the only truth: the state is what its records add up to.</summary>
/// <param name="Sequence">1, 2, 3, … without a gap.</param>
/// <param name="AtMs">Unix time in milliseconds.</param>
public sealed record JournalRecord(long Sequence, long AtMs, Actor By, JournalEvent Event);
