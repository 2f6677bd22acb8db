-- The configuration database as revision 5d3501e of this program made it.
PRAGMA application_id = 1162896240;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE access_tokens (
	token_hash BLOB NOT NULL, 
	login_name VARCHAR NOT NULL, 
	expires_at BIGINT NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(login_name) REFERENCES logins (name) ON DELETE CASCADE
);
INSERT INTO "access_tokens" VALUES(X'FCEFE9B5B069B886C358D94AB6B705440CD9F875669E3C2CC6BD52BD1CC16BFC','admin',1793620802000);
INSERT INTO "access_tokens" VALUES(X'A47CA1F8BDAB2BBFA3CA397208EB2F4BABA3BD8F95AE06DA4DFB9E1D2A7897DD','8df1e9b7c7c6bd386bdb5f501f6f1f8a',1793620804000);
CREATE TABLE api_instances (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	organization_id VARCHAR NOT NULL, 
	environment_id VARCHAR NOT NULL, 
	asset_row_id INTEGER NOT NULL, 
	asset_version VARCHAR NOT NULL, 
	instance_label VARCHAR, 
	description VARCHAR, 
	tags JSON NOT NULL, 
	deprecated BOOLEAN NOT NULL, 
	technology VARCHAR NOT NULL, 
	provider_id VARCHAR, 
	endpoint JSON, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	policies_changed_at BIGINT NOT NULL, 
	FOREIGN KEY(organization_id) REFERENCES organizations (id), 
	FOREIGN KEY(environment_id) REFERENCES environments (id), 
	FOREIGN KEY(asset_row_id) REFERENCES assets (id)
);
INSERT INTO "api_instances" VALUES(1,'473c271a-c029-4cca-b8dd-82ceaf5f6689','cd280d5f-50fa-4441-bc45-1af4d2b119e6',1,'1.0.0','blue','Orders','["a", "b"]',0,'flexGateway',NULL,'{"uri": "http://orders.test"}',1793534407000,NULL,1793534429000);
INSERT INTO "api_instances" VALUES(2,'473c271a-c029-4cca-b8dd-82ceaf5f6689','cd280d5f-50fa-4441-bc45-1af4d2b119e6',1,'2.0.0',NULL,NULL,'[]',0,'flexGateway',NULL,NULL,1793534411000,NULL,1793534411000);
CREATE TABLE assets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	environment_id VARCHAR NOT NULL, 
	group_id VARCHAR NOT NULL, 
	asset_id VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	UNIQUE (environment_id, group_id, asset_id), 
	FOREIGN KEY(environment_id) REFERENCES environments (id)
);
INSERT INTO "assets" VALUES(1,'cd280d5f-50fa-4441-bc45-1af4d2b119e6','org.example','orders',1793534408000);
CREATE TABLE automated_policies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	organization_id VARCHAR NOT NULL, 
	environment_id VARCHAR NOT NULL, 
	rule_of_application JSON NOT NULL, 
	policy_template_id VARCHAR, 
	group_id VARCHAR NOT NULL, 
	asset_id VARCHAR NOT NULL, 
	asset_version VARCHAR NOT NULL, 
	configuration JSON NOT NULL, 
	pointcut JSON, 
	"order" INTEGER, 
	disabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	FOREIGN KEY(organization_id) REFERENCES organizations (id), 
	FOREIGN KEY(environment_id) REFERENCES environments (id)
);
INSERT INTO "automated_policies" VALUES(1,'473c271a-c029-4cca-b8dd-82ceaf5f6689','cd280d5f-50fa-4441-bc45-1af4d2b119e6','{"environmentId": "cd280d5f-50fa-4441-bc45-1af4d2b119e6", "organizationId": "473c271a-c029-4cca-b8dd-82ceaf5f6689"}',NULL,'68ef9520-24e9-4cf2-b2f5-620025690913','ip-blocklist','1.0.0','{"ips": ["192.0.2.1"]}',NULL,3,0,1793534432000,NULL);
CREATE TABLE client_applications (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	organization_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	description VARCHAR, 
	url VARCHAR, 
	redirect_uris JSON NOT NULL, 
	provider_id VARCHAR, 
	client_id VARCHAR NOT NULL, 
	secret_salt VARCHAR, 
	secret_hash VARCHAR, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	FOREIGN KEY(organization_id) REFERENCES organizations (id), 
	UNIQUE (client_id)
);
INSERT INTO "client_applications" VALUES(1,'473c271a-c029-4cca-b8dd-82ceaf5f6689','new phone','phone app',NULL,'["http://a.test/cb"]',NULL,'4fa39a600c31bc1ee98492112aa75fe8','e1cf623161aaed08e1fffe28bc6349de','04697a2e571174001cffd68b5141dad40e0875dc4034e2bb545c3accb687f187',1793534441000,1793534488000);
INSERT INTO "client_applications" VALUES(2,'473c271a-c029-4cca-b8dd-82ceaf5f6689','tablet','tablet app',NULL,'["http://a.test/cb"]',NULL,'c23272555d6b99d1c7b7bdeae2261ef6','bce55eac69477654a211e96dbd8e8b09','da6d3eaf421364db4264b0621f8d613cf70e2e0be4c344ee5e985f88869e388c',1793534444000,NULL);
INSERT INTO "client_applications" VALUES(3,'473c271a-c029-4cca-b8dd-82ceaf5f6689','shop','shop app',NULL,'["http://a.test/cb"]',NULL,'825ea94f54c3f18c38ae7d545f016d40','2992208bd12695505bbeca225fd25135','e48d495033c9104d22ef8e8a8314712fc4ccd4b90083ffc642ce00d84c9de3f5',1793534447000,NULL);
INSERT INTO "client_applications" VALUES(4,'473c271a-c029-4cca-b8dd-82ceaf5f6689','robot','robot app',NULL,'["http://a.test/cb"]',NULL,'f62db4e38594992635d239fc34259f78','87c3eaeb67d9bc35475ab3f9e402d2e1','e3e19b62280d82950899f9b583ded28625a3908489b24274b2b1e5d5daeaa0e2',1793534450000,NULL);
INSERT INTO "client_applications" VALUES(6,'473c271a-c029-4cca-b8dd-82ceaf5f6689','import','import app',NULL,'["http://a.test/cb"]',NULL,'dafe308adc753e5c93294665633d9cef','2274e73dc18744e39d8fcc71443f3c43','747fee52ca2aa6f2c659e8507081b064fce463f8f134d9832709de5f52c0f22c',1793534456000,NULL);
INSERT INTO "client_applications" VALUES(7,'473c271a-c029-4cca-b8dd-82ceaf5f6689','imported',NULL,NULL,'[]','2e71d283-6248-4c81-98eb-e254a89b7e0a','imported',NULL,NULL,1793534491000,NULL);
CREATE TABLE contract_tombstones (
	contract_id INTEGER NOT NULL, 
	api_id INTEGER NOT NULL, 
	client_id VARCHAR NOT NULL, 
	change INTEGER NOT NULL, 
	removed_at BIGINT NOT NULL, 
	PRIMARY KEY (contract_id), 
	UNIQUE (api_id, change), 
	FOREIGN KEY(api_id) REFERENCES api_instances (id) ON DELETE CASCADE
);
INSERT INTO "contract_tombstones" VALUES(5,1,'53f83031a8aab355ad6878a1c373ebbc',8,1793534485000);
CREATE TABLE contracts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_id INTEGER NOT NULL, 
	application_id INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	tier_id INTEGER, 
	requested_tier_id INTEGER, 
	approved_at BIGINT, 
	rejected_at BIGINT, 
	revoked_at BIGINT, 
	accepted_terms BOOLEAN NOT NULL, 
	party_id VARCHAR, 
	party_name VARCHAR, 
	reason VARCHAR, 
	change INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	UNIQUE (api_id, application_id), 
	UNIQUE (api_id, change), 
	FOREIGN KEY(api_id) REFERENCES api_instances (id) ON DELETE CASCADE, 
	FOREIGN KEY(application_id) REFERENCES client_applications (id), 
	FOREIGN KEY(tier_id) REFERENCES sla_tiers (id), 
	FOREIGN KEY(requested_tier_id) REFERENCES sla_tiers (id)
);
INSERT INTO "contracts" VALUES(1,1,1,'APPROVED',1,NULL,1793534459000,NULL,NULL,0,NULL,NULL,NULL,9,1793534460000,NULL);
INSERT INTO "contracts" VALUES(2,1,2,'PENDING',NULL,2,NULL,NULL,NULL,0,NULL,NULL,NULL,2,1793534463000,NULL);
INSERT INTO "contracts" VALUES(3,1,3,'REVOKED',NULL,NULL,1793534466000,NULL,1793534470000,0,NULL,NULL,NULL,4,1793534467000,1793534471000);
INSERT INTO "contracts" VALUES(4,1,4,'REJECTED',NULL,2,NULL,1793534477000,NULL,0,NULL,NULL,NULL,6,1793534474000,1793534478000);
CREATE TABLE environments (
	id VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(organization_id) REFERENCES organizations (id)
);
INSERT INTO "environments" VALUES('cd280d5f-50fa-4441-bc45-1af4d2b119e6','473c271a-c029-4cca-b8dd-82ceaf5f6689','Production');
CREATE TABLE logins (
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	organization_id VARCHAR NOT NULL, 
	environment_id VARCHAR, 
	secret_hash VARCHAR NOT NULL, 
	PRIMARY KEY (name), 
	FOREIGN KEY(organization_id) REFERENCES organizations (id), 
	FOREIGN KEY(environment_id) REFERENCES environments (id)
);
INSERT INTO "logins" VALUES('admin','admin','473c271a-c029-4cca-b8dd-82ceaf5f6689',NULL,'57a36a7bb1ab6ffa1219a83fafe36b87$ba54a3c3f639e712e0b9c663c44b0acce1a42de4c5e21240efb444f16e3fd012');
INSERT INTO "logins" VALUES('8df1e9b7c7c6bd386bdb5f501f6f1f8a','gateway','473c271a-c029-4cca-b8dd-82ceaf5f6689','cd280d5f-50fa-4441-bc45-1af4d2b119e6','51b0c5f21e3abde3ca67a6dafc02450d$1dcb4d565c40ccac395fa2039569fe64fccc7f3000aa18d550d1ce3d7f45a5f3');
CREATE TABLE organizations (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	feed_epoch VARCHAR NOT NULL, 
	last_change INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "organizations" VALUES('473c271a-c029-4cca-b8dd-82ceaf5f6689','Organization','4ff5d66b',9);
CREATE TABLE policies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_id INTEGER NOT NULL, 
	policy_template_id VARCHAR, 
	group_id VARCHAR NOT NULL, 
	asset_id VARCHAR NOT NULL, 
	asset_version VARCHAR NOT NULL, 
	configuration JSON NOT NULL, 
	pointcut JSON, 
	"order" INTEGER NOT NULL, 
	disabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	FOREIGN KEY(api_id) REFERENCES api_instances (id) ON DELETE CASCADE
);
INSERT INTO "policies" VALUES(1,1,NULL,'68ef9520-24e9-4cf2-b2f5-620025690913','client-id-enforcement','1.0.0','{"credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression"}','[{"methodRegex": "GET", "uriTemplateRegex": "/.*"}]',1,0,1793534420000,NULL);
INSERT INTO "policies" VALUES(2,1,'5','68ef9520-24e9-4cf2-b2f5-620025690913','http-basic-authentication','1.0.0','{"username": "u", "password": "hidden"}',NULL,2,1,1793534424000,1793534428000);
CREATE TABLE sla_tiers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	api_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	description VARCHAR, 
	limits JSON NOT NULL, 
	status VARCHAR NOT NULL, 
	auto_approve BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT, 
	UNIQUE (api_id, name), 
	FOREIGN KEY(api_id) REFERENCES api_instances (id) ON DELETE CASCADE
);
INSERT INTO "sla_tiers" VALUES(1,1,'gold',NULL,'[{"maximumRequests": 5, "timePeriodInMilliseconds": 1000, "visible": true}]','ACTIVE',1,1793534435000,NULL);
INSERT INTO "sla_tiers" VALUES(2,1,'silver',NULL,'[{"maximumRequests": 2, "timePeriodInMilliseconds": 1000, "visible": true}]','ACTIVE',0,1793534438000,NULL);
CREATE INDEX ix_client_applications_organization_id ON client_applications (organization_id);
CREATE INDEX ix_automated_policies_environment_id ON automated_policies (environment_id);
CREATE INDEX ix_access_tokens_login_name ON access_tokens (login_name);
CREATE INDEX ix_access_tokens_expires_at ON access_tokens (expires_at);
CREATE INDEX ix_api_instances_environment_id ON api_instances (environment_id);
CREATE INDEX ix_api_instances_asset_row_id ON api_instances (asset_row_id);
CREATE INDEX ix_policies_api_id ON policies (api_id);
CREATE INDEX ix_contracts_tier_id ON contracts (tier_id);
CREATE INDEX ix_contracts_requested_tier_id ON contracts (requested_tier_id);
CREATE INDEX ix_contracts_application_id ON contracts (application_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('assets',2);
INSERT INTO "sqlite_sequence" VALUES('api_instances',3);
INSERT INTO "sqlite_sequence" VALUES('policies',2);
INSERT INTO "sqlite_sequence" VALUES('automated_policies',1);
INSERT INTO "sqlite_sequence" VALUES('sla_tiers',2);
INSERT INTO "sqlite_sequence" VALUES('client_applications',7);
INSERT INTO "sqlite_sequence" VALUES('contracts',5);
COMMIT;
