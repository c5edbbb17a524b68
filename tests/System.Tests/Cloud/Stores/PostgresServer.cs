using System.Diagnostics;
using Amalgam.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Stores;

/// <summary>A real PostgreSQL of the tests' own: a cluster in a temporary folder, reached by a socket there, run by a user without rights, really killed, gone afterwards.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly string? Programs = FindPrograms();
    private int _databases;

    /// <summary>Null where it can be run.</summary>
    public static string? WhyNot { get; } = Programs is null ? "there is no PostgreSQL server here (Debian: apt-get install postgresql)"
        : Environment.IsPrivilegedProcess && !File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:", StringComparison.Ordinal)) ? "PostgreSQL does not run as root, and there is no user postgres" : null;

    public string Folder { get; } = Directory.CreateTempSubdirectory("amalgam-pg-").FullName;

    private string Cluster => Path.Combine(Folder, "cluster");

    public async Task InitializeAsync()
    {
        if (WhyNot is not null)
        {
            return;
        }

        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "postgres", Folder);
        }

        // Others on this machine may try the door: `secured` needs a password, everybody else is let in.
        await AsServerAsync("initdb", "-D", Cluster, "-A", "trust", "-U", "owner", "--no-instructions", "-E", "UTF8");
        await File.AppendAllTextAsync(Path.Combine(Cluster, "postgresql.conf"), $"listen_addresses = ''\nunix_socket_directories = '{Folder}'\nshared_buffers = 16MB\nmax_wal_size = 128MB\n");
        var rules = Path.Combine(Cluster, "pg_hba.conf");
        await File.WriteAllTextAsync(rules, "local all secured scram-sha-256\n" + await File.ReadAllTextAsync(rules));
        await StartAsync();
    }

    /// <summary>After a kill the dead server's children need a moment to go.</summary>
    public Task StartAsync() => RunningCloud.UntilAsync("PostgreSQL", async () =>
    {
        try
        {
            await AsServerAsync("pg_ctl", "-D", Cluster, "-l", Path.Combine(Folder, "log"), "-w", "-t", "60", "start");
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    });

    /// <summary>kill -9 of the server, its children and all.</summary>
    public async Task KillAsync()
    {
        var id = int.Parse((await File.ReadAllLinesAsync(Path.Combine(Cluster, "postmaster.pid")))[0], System.Globalization.CultureInfo.InvariantCulture);
        using var server = Process.GetProcessById(id);
        server.Kill(entireProcessTree: true);
        await server.WaitForExitAsync();
    }

    /// <summary>The address of a database of its own.</summary>
    public string NewDatabase()
    {
        var name = $"cloud{Interlocked.Increment(ref _databases)}";
        Sql("postgres", $"CREATE DATABASE {name} TEMPLATE template0");
        return Address(name);
    }

    public string Address(string database, string user = "owner") => $"postgres://{user}@localhost/{database}?host={Folder}";

    public PostgresStore NewStore() => new(PostgresAddress.Parse(NewDatabase()));

    public object? Sql(string database, string text, string user = "owner")
    {
        using var connection = new NpgsqlConnection($"Host={Folder};Username={user};Database={database};Pooling=False");
        connection.Open();
        using var command = new NpgsqlCommand(text, connection);
        return command.ExecuteScalar();
    }

    public async Task DisposeAsync()
    {
        if (File.Exists(Path.Combine(Cluster, "postmaster.pid")))
        {
            await AsServerAsync("pg_ctl", "-D", Cluster, "-m", "immediate", "-w", "stop");
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static Task AsServerAsync(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs!, program);
        return Environment.IsPrivilegedProcess ? RunAsync("runuser", ["-u", "postgres", "--", path, .. arguments]) : RunAsync(path, arguments);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // Its output goes nowhere: the server would keep a pipe open for as long as it runs.
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", program, .. arguments]) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        }
    }

    private static string? FindPrograms()
    {
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin")) : [];
        return debian.Reverse().Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")));
    }
}

/// <summary>One server for all tests that only need a database.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresServer>
{
    public const string Name = "postgres";
}

/// <summary>A test that needs PostgreSQL; shown as skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.WhyNot;
}

/// <summary>The same with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresServer.WhyNot;
}
