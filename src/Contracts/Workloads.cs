namespace Amalgam.Contracts;

/// <summary>POST /api/v1/jobs. Settable, as all requests are: a field that is left out keeps its default, which generated JSON readers do not give init-only ones.</summary>
public sealed record RunRequest
{
    public string? Name { get; set; }

    /// <summary>Null = the key's own unit if workloads may live there, else `default`.</summary>
    public string? Unit { get; set; }

    public IReadOnlyList<string> Command { get; set; } = [];

    public IReadOnlyDictionary<string, string>? Environment { get; set; }

    public string? WorkingDirectory { get; set; }

    /// <summary>Per member: `1`, `4`, `0.25`.</summary>
    public decimal Devices { get; set; } = 1;

    public int Members { get; set; } = 1;

    /// <summary>Acceptable classes; null or empty = any.</summary>
    public IReadOnlyList<string>? Chips { get; set; }

    public int Priority { get; set; }

    public bool Preemptible { get; set; } = true;

    public bool Resumable { get; set; }

    public double? TimeLimitSeconds { get; set; }

    public double? DeclaredSeconds { get; set; }

    public double? MaxWaitSeconds { get; set; }

    public double GraceSeconds { get; set; } = 10;

    public long MemoryMiB { get; set; }
}

/// <summary>POST /api/v1/services</summary>
public sealed record ServeRequest
{
    /// <summary>`demo`, a file on the cloud's machine, or `hf:OWNER/REPO/FILE`.</summary>
    public string Model { get; set; } = "";

    public string? Name { get; set; }

    public string? Unit { get; set; }

    public int MinReplicas { get; set; } = 1;

    public int MaxReplicas { get; set; } = 1;

    public IReadOnlyList<string>? Chips { get; set; }

    /// <summary>Tokens per sequence; null = what the model was trained for, at most 4096.</summary>
    public int? Context { get; set; }

    /// <summary>Sequences at once per replica.</summary>
    public int Slots { get; set; } = 4;

    /// <summary>Devices per replica.</summary>
    public decimal Devices { get; set; } = 1;

    public string? Runtime { get; set; }

    /// <summary>Keys of this unit's subtree may use the model; null = the workload's own unit.</summary>
    public string? OpenTo { get; set; }

    public int Priority { get; set; }

    public bool Preemptible { get; set; } = true;

    public double IdleSeconds { get; set; } = 300;

    public double GraceSeconds { get; set; } = 30;
}

public sealed record WorkloadView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>job or service</summary>
    public required string Kind { get; init; }

    public required string Unit { get; init; }

    /// <summary>waiting, starting, running, stopping, ended</summary>
    public required string Phase { get; init; }

    /// <summary>Of an ended one: succeeded, failed, stopped, time-limit.</summary>
    public string? Result { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>Of a waiting one: the primary reason from the closed list.</summary>
    public string? Reason { get; init; }

    /// <summary>One line for a person.</summary>
    public string? Detail { get; init; }

    public string? Model { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public int Members { get; init; }

    public int RunningMembers { get; init; }

    public int ReadyMembers { get; init; }

    public int? MinReplicas { get; init; }

    public int? MaxReplicas { get; init; }

    public decimal DevicesPerMember { get; init; }

    public IReadOnlyList<string> Chips { get; set; } = [];

    public int Priority { get; init; }

    public bool Preemptible { get; init; }

    public int Evictions { get; init; }

    public int Restarts { get; init; }

    public DateTimeOffset SubmittedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public IReadOnlyList<LeaseView> Leases { get; set; } = [];
}

public sealed record LeaseView
{
    public required string Id { get; init; }

    public required string WorkloadId { get; init; }

    public required string Unit { get; init; }

    public required int Member { get; init; }

    public required string Node { get; init; }

    public required string ChipClass { get; init; }

    public required IReadOnlyList<int> Devices { get; init; }

    public decimal DevicesHeld { get; init; }

    /// <summary>On a node that does not exist: no program runs.</summary>
    public bool Simulated { get; init; }

    public string? Runtime { get; init; }

    /// <summary>starting, running, ready, ending, ended</summary>
    public required string Phase { get; init; }

    public DateTimeOffset From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? EndedBecause { get; init; }

    public int? ExitCode { get; init; }

    public string? Detail { get; init; }

    public string? Address { get; init; }

    public int InFlight { get; init; }

    public long ResidentMiB { get; init; }
}

public sealed record ExplainView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Phase { get; init; }

    /// <summary>Null while it runs.</summary>
    public string? Reason { get; init; }

    /// <summary>One sentence.</summary>
    public required string Explanation { get; init; }

    /// <summary>The least that would start it; null where nothing is needed.</summary>
    public string? SmallestChange { get; init; }

    /// <summary>The smallest change as a call, where one can make it; null where somebody must add, end or wait for something.</summary>
    public RemedyView? Remedy { get; init; }

    public DateTimeOffset? PlannedStart { get; init; }

    /// <summary>Classes that were considered, each with why or why not.</summary>
    public IReadOnlyList<ChipConsidered> Chips { get; set; } = [];

    /// <summary>What happened to it so far, oldest first.</summary>
    public IReadOnlyList<HistoryLine> History { get; set; } = [];
}

/// <param name="Kind">`raise-limit`: PATCH /api/v1/units/UNIT with `{"limit": {"CLASS": DEVICES}}`, by an owner of a unit above. The list may grow.</param>
/// <param name="Devices">The new limit, in devices.</param>
public sealed record RemedyView(string Kind, string Unit, string ChipClass, decimal Devices)
{
    public const string RaiseLimit = "raise-limit";
}

public sealed record HistoryLine(DateTimeOffset At, string What);

/// <summary>One chip class as an answer to "where could this run?"</summary>
public sealed record ChipConsidered
{
    public required string ChipClass { get; init; }

    public required bool Fits { get; init; }

    /// <summary>Why it fits or was refused, one clause.</summary>
    public required string Why { get; init; }

    /// <summary>Its nodes do not exist.</summary>
    public bool Simulated { get; init; }

    public string? Runtime { get; init; }

    /// <summary>Relative to the best class of this workload; null = not measured.</summary>
    public double? Speed { get; init; }

    public double? TokensPerSecond { get; init; }

    public long? EstimatedMemoryMiB { get; init; }

    public long? DeviceMemoryMiB { get; init; }

    public string? PricePerDeviceHour { get; init; }

    public string? PricePerMillionOutputTokens { get; init; }
}

public sealed record QuoteView
{
    public required string What { get; init; }

    /// <summary>Null when nothing fits.</summary>
    public string? ChipClass { get; init; }

    public required string Why { get; init; }

    /// <summary>Null = not as things are; the reason says why.</summary>
    public DateTimeOffset? Start { get; init; }

    public string? WaitReason { get; init; }

    public string? SmallestChange { get; init; }

    /// <summary>As in <see cref="ExplainView.Remedy"/>.</summary>
    public RemedyView? Remedy { get; init; }

    public string? PricePerHour { get; init; }

    public required string Currency { get; init; }

    public IReadOnlyList<ChipConsidered> Chips { get; set; } = [];
}

public sealed record LogLineView(string Lease, int Member, string Stream, string Text);
