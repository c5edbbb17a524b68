namespace Amalgam.Contracts;

public sealed record ChipView
{
    public required string ChipClass { get; init; }

    public string? Vendor { get; init; }

    public string? Name { get; init; }

    public int Devices { get; init; }

    public int Healthy { get; init; }

    public decimal Leased { get; init; }

    public decimal Free { get; init; }

    public long MemoryMiBPerDevice { get; init; }

    public string? PricePerDeviceHour { get; init; }

    /// <summary>What one more device would be worth to the units together; 0 = abundant.</summary>
    public double ScarcityPrice { get; init; }

    public bool Simulated { get; init; }

    public IReadOnlyList<string> Nodes { get; set; } = [];
}

public sealed record StatusView
{
    public required string Version { get; init; }

    public required string Address { get; init; }

    public required string Currency { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public long JournalRecords { get; init; }

    public bool Healthy { get; init; }

    public string? Problem { get; init; }

    public IReadOnlyList<LoopView> Loops { get; set; } = [];

    public double AllocationGap { get; init; }
}

public sealed record LoopView
{
    public required string Name { get; init; }

    public DateTimeOffset? LastRunAt { get; init; }

    public double LastRunMilliseconds { get; init; }

    public required string LastResult { get; init; }

    public long Runs { get; init; }

    public long Failures { get; init; }
}

/// <summary>Who a key is.</summary>
public sealed record WhoAmI(string KeyId, string Unit, string Role);

/// <summary>POST /api/v1/bench: measured speed of a model on a class.</summary>
public sealed record BenchRequest
{
    public string Model { get; set; } = "";

    public IReadOnlyList<string>? Chips { get; set; }
}

public sealed record BenchLine
{
    public required string Model { get; init; }

    public required string ChipClass { get; init; }

    public required string Runtime { get; init; }

    public double DecodeTokensPerSecond { get; init; }

    public double PromptTokensPerSecond { get; init; }

    /// <summary>Why this class could not be measured; null when it was.</summary>
    public string? Problem { get; init; }
}

public sealed record ModelFetchRequest(string Model);

/// <param name="State">ready, fetching, failed</param>
public sealed record ModelView(string Model, string State, string? Path, long BytesDone, long? BytesTotal, string? Problem);

/// <summary>Every refusal of /api/v1.</summary>
public sealed record ErrorView(ErrorBody Error);

public sealed record ErrorBody(string Code, string Message);
