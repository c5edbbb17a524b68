using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Xunit;
using Xunit.Abstractions;

namespace Amalgam.SystemTests.Cloud;

/// <summary>What keeps `up` from starting is one line that says what to do, and changes nothing.</summary>
public sealed class RefusedStartTests(ITestOutputHelper output) : IAsyncLifetime
{
    private RunningCloud _cloud = null!;

    public Task InitializeAsync()
    {
        _cloud = RunningCloud.NotStarted();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _cloud.DisposeAsync();

    private Task<CommandRun> UpAsync(params string[] more) => _cloud.AmalgamAsync(["up", "--data", _cloud.Data, "--listen", "127.0.0.1:0", .. more]);

    [Fact]
    public async Task A_taken_port_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        (await _cloud.AmalgamAsync("up", "--data", _cloud.Data, "--listen", $"127.0.0.1:{port}")).RefusedWith($"127.0.0.1:{port}");
    }

    [Theory]
    [InlineData("nonsense", "--listen")]
    [InlineData("127.0.0.1:99999", "--listen")]
    [InlineData("127.0.0.1:-1", "--listen")]
    [InlineData("0.0.0.0:0", "--insecure")]
    public async Task A_listen_address_that_cannot_be_is_refused(string address, string part)
    {
        var run = await _cloud.AmalgamAsync("up", "--data", _cloud.Data, "--listen", address);
        run.RefusedWith(part, run.ExitCode is 1 or 2 ? run.ExitCode : 1);
    }

    [Theory]
    [InlineData("cpu:0")]
    [InlineData("cpu:-1")]
    [InlineData("cpu:1000000")]
    [InlineData("cpu:one")]
    [InlineData("unicorn:1")]
    [InlineData(",,,")]
    public async Task Chips_that_this_machine_cannot_be_divided_into_are_refused(string chips)
    {
        var run = await UpAsync("--chips", chips);
        run.RefusedWith("chips", run.ExitCode is 1 or 2 ? run.ExitCode : 1);
        Assert.False(File.Exists(Path.Combine(_cloud.Data, "journal.db")));
    }

    [Theory]
    [InlineData(2, "frobnicate")]
    [InlineData(2, "up", "--frobnicate")]
    [InlineData(2, "up", "--engine", "abacus")]
    [InlineData(1, "up", "--engine", "kubernetes")]
    [InlineData(2, "up", "--slurm-partition", "main")]
    [InlineData(1, "up", "--fleet", "/no/such/fleet.yaml")]
    [InlineData(2, "serve")]
    [InlineData(2, "stop")]
    [InlineData(2, "unit", "frobnicate")]
    public async Task An_unknown_verb_option_or_engine_is_refused_in_one_line(int exitCode, params string[] arguments)
    {
        string[] data = arguments[0] == "up" ? ["--data", _cloud.Data, "--listen", "127.0.0.1:0"] : [];
        (await _cloud.AmalgamAsync([.. arguments, .. data])).RefusedWith("amalgam:", exitCode);
    }

    [Fact]
    public async Task Without_a_cloud_every_verb_says_how_to_start_one()
    {
        (await _cloud.AmalgamAsync("ps")).RefusedWith("amalgam up");
        (await _cloud.RunAsync(["ps", "--server", "http://127.0.0.1:1", "--key", "amk_x"], null, null)).RefusedWith("http://127.0.0.1:1");
        (await _cloud.AmalgamAsync("verify", "--data", _cloud.Data)).RefusedWith("there is no cloud in");
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_data_directory_is_refused_and_left_as_it_is()
    {
        await File.WriteAllTextAsync(_cloud.Data, "mine");
        (await UpAsync()).RefusedWith(_cloud.Data);
        Assert.Equal("mine", await File.ReadAllTextAsync(_cloud.Data));
    }

    [Fact]
    public async Task Of_two_starts_at_once_on_one_data_directory_exactly_one_wins()
    {
        await using var other = RunningCloud.NotStarted();
        other.Data = _cloud.Data;
        var problems = await Task.WhenAll(ProblemAsync(_cloud), ProblemAsync(other));
        Assert.Single(problems, problem => problem is null);
        Assert.Single(problems, problem => problem is not null && problem.Contains("another Amalgam runs on", StringComparison.Ordinal));
    }

    private static async Task<string?> ProblemAsync(RunningCloud cloud)
    {
        try
        {
            await cloud.StartAsync();
            return null;
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }

    [Fact]
    public async Task A_read_only_data_directory_is_refused()
    {
        Directory.CreateDirectory(_cloud.Data);
        if (!Mount("-t", "tmpfs", "-o", "ro,size=1m", "amalgam-test", _cloud.Data))
        {
            return;
        }

        try
        {
            (await UpAsync()).RefusedWith(_cloud.Data);
        }
        finally
        {
            Unmount(_cloud.Data);
        }
    }

    [Fact]
    public async Task A_journal_of_a_newer_Amalgam_is_refused_and_not_touched()
    {
        var before = await FoundedAsync();
        Sql("PRAGMA user_version = 999");
        (await UpAsync()).RefusedWith("newer Amalgam");
        (await _cloud.AmalgamAsync("verify", "--data", _cloud.Data)).RefusedWith("newer Amalgam");
        Sql("PRAGMA user_version = 1");
        Assert.Equal(before, await _cloud.MustAsync("verify", "--data", _cloud.Data));
    }

    [Fact]
    public async Task A_changed_record_is_named_by_its_number_and_nothing_starts()
    {
        await FoundedAsync();
        Sql("DROP TRIGGER journal_never_updated; UPDATE journal SET body = CAST(replace(CAST(body AS TEXT), 'admin', 'adnim') AS BLOB) WHERE sequence = 4");
        (await _cloud.AmalgamAsync("verify", "--data", _cloud.Data)).RefusedWith("record 4");
        (await UpAsync()).RefusedWith("record 4");
    }

    [Fact]
    public async Task A_lost_record_is_named_by_its_number()
    {
        await FoundedAsync();
        Sql("DROP TRIGGER journal_never_deleted; DELETE FROM journal WHERE sequence = 3");
        (await UpAsync()).RefusedWith("record 3");
    }

    [Theory]
    [InlineData("not a database at all, but long enough to be looked at as one")]
    [InlineData("")]
    public async Task A_file_that_is_no_journal_is_refused_or_empty(string content)
    {
        await FoundedAsync();
        foreach (var file in Directory.EnumerateFiles(_cloud.Data, "journal.db*"))
        {
            File.Delete(file);
        }

        await File.WriteAllTextAsync(Path.Combine(_cloud.Data, "journal.db"), content);
        if (content.Length > 0)
        {
            (await UpAsync()).RefusedWith("restore a backup");
        }
        else
        {
            // An empty file is what a crash before the first write leaves: it is founded anew, with a new key.
            await _cloud.StartAsync();
            await _cloud.MustAsync("ps");
            await _cloud.StopAsync();
        }
    }

    [Fact]
    public async Task A_damaged_secret_is_refused_and_a_broken_catalogue_file_is_named()
    {
        await FoundedAsync();
        var secret = Path.Combine(_cloud.Data, "secret");
        var kept = await File.ReadAllTextAsync(secret);
        await File.WriteAllTextAsync(secret, "zz");
        (await UpAsync()).RefusedWith("secret");
        await File.WriteAllTextAsync(secret, new string('z', 64));
        (await UpAsync()).RefusedWith("secret");
        await File.WriteAllTextAsync(secret, kept);
        Directory.CreateDirectory(Path.Combine(_cloud.Data, "catalogue", "chips"));
        await File.WriteAllTextAsync(Path.Combine(_cloud.Data, "catalogue", "chips", "mine.yaml"), "vendor: [");
        await _cloud.StartAsync();
        Assert.Contains(_cloud.Output.Split('\n'), line => line.Contains("look", StringComparison.Ordinal) && line.Contains("mine.yaml", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_stops_the_writing_is_said_and_loses_nothing_that_was_acknowledged()
    {
        _cloud.Data = Path.Combine(_cloud.Folder, "small");
        Directory.CreateDirectory(_cloud.Data);
        if (!Mount("-t", "tmpfs", "-o", "size=4m,mode=700", "amalgam-test", _cloud.Data))
        {
            return;
        }

        try
        {
            await _cloud.StartAsync();
            await _cloud.MustAsync("unit", "add", "before");
            var acknowledged = new List<string>();
            await FillAsync(Path.Combine(_cloud.Data, "ballast"));
            CommandRun refused;
            do
            {
                var name = $"u{acknowledged.Count}";
                refused = await _cloud.AmalgamAsync("unit", "add", name);
                if (refused.ExitCode == 0)
                {
                    acknowledged.Add(name);
                }
            }
            while (refused.ExitCode == 0);
            refused.RefusedWith("journal");
            (await _cloud.AmalgamAsync("unit", "add", "later")).RefusedWith("restart");
            using (var http = new HttpClient())
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync(_cloud.Url + "/health/ready")).StatusCode);
            }

            Assert.NotEqual(0, (await _cloud.AmalgamAsync("status")).ExitCode);
            Assert.Equal(1, await _cloud.StopAsync());

            File.Delete(Path.Combine(_cloud.Data, "ballast"));
            await _cloud.StartAsync();
            var units = await _cloud.MustAsync("unit", "tree");
            Assert.All([.. acknowledged, "before"], name => Assert.Contains(name, units, StringComparison.Ordinal));
            await _cloud.MustAsync("unit", "add", "after");
            Assert.Contains("unbroken", await _cloud.MustAsync("verify", "--data", _cloud.Data), StringComparison.Ordinal);
            Say($"full disk: {acknowledged.Count} changes were acknowledged after the disk was filled, all of them were there after the restart");
            Assert.Equal(0, await _cloud.StopAsync());
        }
        finally
        {
            Unmount(_cloud.Data);
        }
    }

    /// <summary>A founded cloud that was stopped; what `verify` says of it.</summary>
    private async Task<string> FoundedAsync()
    {
        await _cloud.StartAsync();
        Assert.Equal(0, await _cloud.StopAsync());
        return await _cloud.MustAsync("verify", "--data", _cloud.Data);
    }

    private static async Task FillAsync(string path)
    {
        await using var file = File.Create(path);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                await file.WriteAsync(block);
                await file.FlushAsync();
            }
        }
        catch (IOException)
        {
            // Full, which was the point.
        }
    }

    private void Sql(string text)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_cloud.Data, "journal.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private bool Mount(params string[] arguments)
    {
        using var mount = Process.Start(new ProcessStartInfo("mount", arguments) { RedirectStandardError = true })!;
        mount.WaitForExit();
        if (mount.ExitCode != 0)
        {
            Say("SKIPPED: a small file system cannot be mounted here (it needs root)");
        }

        return mount.ExitCode == 0;
    }

    private static void Unmount(string folder)
    {
        using var unmount = Process.Start("umount", ["-l", folder]);
        unmount.WaitForExit();
    }

    private void Say(string line)
    {
        output.WriteLine(line);
        Console.WriteLine(line);
    }
}
